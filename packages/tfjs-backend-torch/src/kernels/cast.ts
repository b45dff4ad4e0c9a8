import { Cast, type CastAttrs, type CastInputs, Identity, type IdentityInputs } from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const toType = operator('aten::to', 'dtype');
const realPart = operator('aten::real');

defineKernel<IdentityInputs, object>(Identity, ({ inputs, backend }) => backend.share(inputs.x));

defineKernel<CastInputs, CastAttrs>(Cast, ({ inputs, attrs, backend }) => {
  if (inputs.x.dtype === attrs.dtype) return backend.share(inputs.x);
  const x = backend.handle(inputs.x);
  return backend.output(toType(inputs.x.dtype === 'complex64' ? realPart(x) : x, attrs.dtype));
});
