import {
  Multinomial,
  type MultinomialAttrs,
  type MultinomialInputs,
  randomUniform,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const softmax = operator('aten::softmax', 'int');
const cumsum = operator('aten::cumsum');
const narrow = operator('aten::narrow');
const expand = operator('aten::expand');
const contiguous = operator('aten::contiguous');
const searchSorted = operator('aten::searchsorted', 'Tensor');

defineKernel<MultinomialInputs, MultinomialAttrs>(Multinomial, ({ inputs: { logits }, attrs, backend }) => {
  const [rows, classes] = logits.shape as [number, number];
  const given = backend.handle(logits);
  const probabilities = attrs.normalized ? given : softmax(given, -1, 'float32');
  // The last class takes what rounding leaves of the whole.
  const bounds = contiguous(narrow(cumsum(probabilities, -1), -1, 0, classes - 1));
  // tfjs's own numbers, so that a seed means the same draws as on its other backends.
  const uniform = randomUniform([attrs.numSamples], 0, 1, 'float32', attrs.seed);
  try {
    const draws = contiguous(expand(backend.handle(uniform), [rows, attrs.numSamples]));
    return backend.output(searchSorted(bounds, draws, true, true));
  } finally {
    uniform.dispose();
  }
});
