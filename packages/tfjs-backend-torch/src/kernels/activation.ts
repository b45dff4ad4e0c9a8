import {
  EluGrad,
  type EluGradInputs,
  LeakyRelu,
  type LeakyReluAttrs,
  type LeakyReluInputs,
  Prelu,
  type PreluInputs,
} from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const leakyRelu = operator('aten::leaky_relu');
const eluBackward = operator('aten::elu_backward');
const toType = operator('aten::to', 'dtype');
const relu = operator('aten::relu');
const clampMax = operator('aten::clamp_max');
const addProduct = operator('aten::addcmul');

defineKernel<LeakyReluInputs, LeakyReluAttrs>(LeakyRelu, ({ inputs, attrs, backend }) =>
  backend.output(leakyRelu(toType(backend.handle(inputs.x), 'float32'), attrs.alpha)),
);

defineKernel<PreluInputs, object>(Prelu, ({ inputs, backend }) =>
  backend.output(prelu(toType(backend.handle(inputs.x), 'float32'), backend.handle(inputs.alpha)), 'float32'),
);

defineKernel<EluGradInputs, object>(EluGrad, ({ inputs, backend }) =>
  backend.output(eluBackward(backend.handle(inputs.dy), 1, 1, 1, true, backend.handle(inputs.y))),
);

/**
 * The weights times x where x is negative, and x elsewhere. libtorch's own has one weight for each channel; here the
 * weights broadcast. (To choose by a mask takes the CPU several times as long.)
 */
export function prelu(x: Handle, weights: Handle): Handle {
  return addProduct(relu(x), clampMax(x, 0), weights);
}
