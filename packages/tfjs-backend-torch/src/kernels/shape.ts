import {
  BroadcastArgs,
  type BroadcastArgsInputs,
  backend_util,
  ExpandDims,
  type ExpandDimsAttrs,
  type ExpandDimsInputs,
  Reshape,
  type ReshapeAttrs,
  type ReshapeInputs,
  type TensorInfo,
  Transpose,
  type TransposeAttrs,
  type TransposeInputs,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const reshape = operator('aten::reshape');
const permute = operator('aten::permute');

defineKernel<ReshapeInputs, ReshapeAttrs>(Reshape, ({ inputs, attrs, backend }) =>
  reshaped(inputs.x, util.inferFromImplicitShape(attrs.shape, util.sizeFromShape(inputs.x.shape)), backend),
);

defineKernel<ExpandDimsInputs, ExpandDimsAttrs>(ExpandDims, ({ inputs: { input }, attrs, backend }) => {
  const rank = input.shape.length;
  util.assert(
    attrs.dim >= -(rank + 1) && attrs.dim <= rank,
    () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`,
  );
  const axis = attrs.dim < 0 ? rank + 1 + attrs.dim : attrs.dim;
  return reshaped(input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)], backend);
});

/** A view where the layout allows one, under a data id of its own: the two may come to lie in memory differently. */
function reshaped(x: TensorInfo, shape: number[], backend: TorchBackend): TensorInfo {
  if (x.dtype === 'string') return backend.outputStrings(backend.strings(x), shape);
  return backend.output(reshape(backend.handle(x), shape), x.dtype, backend.rangeOf(x));
}

defineKernel<TransposeInputs, TransposeAttrs>(Transpose, ({ inputs, attrs, backend }) =>
  backend.output(permute(backend.handle(inputs.x), attrs.perm)),
);

defineKernel<BroadcastArgsInputs, object>(BroadcastArgs, ({ inputs, backend }) => {
  const [s0, s1] = [inputs.s0, inputs.s1].map(({ dataId }) =>
    Array.from(backend.readSync(dataId) as Int32Array),
  );
  const shape = backend_util.assertAndGetBroadcastShape(s0 as number[], s1 as number[]);
  return backend.outputValues(Int32Array.from(shape), [shape.length], 'int32');
});
