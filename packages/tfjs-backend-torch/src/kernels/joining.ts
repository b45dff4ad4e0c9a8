import {
  backend_util,
  Concat,
  type ConcatAttrs,
  Pack,
  type PackAttrs,
  SplitV,
  type SplitVAttrs,
  type SplitVInputs,
  type TensorInfo,
  Tile,
  type TileAttrs,
  type TileInputs,
  Unpack,
  type UnpackAttrs,
  type UnpackInputs,
  util,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineMovingKernel } from './onHost.js';

const cat = operator('aten::cat');
const stack = operator('aten::stack');
const narrow = operator('aten::narrow');
const select = operator('aten::select', 'int');
const clone = operator('aten::clone');
const repeat = operator('aten::repeat');
const full = operator('aten::full');

defineMovingKernel<TensorInfo[], ConcatAttrs>(Concat, ({ inputs, attrs, backend }) => {
  const first = inputs[0] as TensorInfo;
  const axis = util.parseAxisParam(attrs.axis, first.shape)[0] as number;
  const shapes = inputs.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const outputShape = backend_util.computeOutShape(shapes, axis);
  if (util.sizeFromShape(outputShape) === 0) {
    return backend.output(full(outputShape, 0, first.dtype, undefined, backend.device));
  }
  const filled = inputs.filter(({ shape }) => util.sizeFromShape(shape) > 0);
  if (filled.length === 1) return backend.share(filled[0] as TensorInfo);
  return backend.output(
    cat(
      filled.map((info) => backend.handle(info)),
      axis,
    ),
    first.dtype,
  );
});

defineMovingKernel<TensorInfo[], PackAttrs>(Pack, ({ inputs, attrs, backend }) => {
  const { shape, dtype } = inputs[0] as TensorInfo;
  for (const info of inputs) {
    util.assertShapesMatch(shape, info.shape, 'All tensors passed to stack must have matching shapes');
    util.assert(dtype === info.dtype, () => 'All tensors passed to stack must have matching dtypes');
  }
  return backend.output(
    stack(
      inputs.map((info) => backend.handle(info)),
      attrs.axis,
    ),
  );
});

// The parts are copies: as views they would keep the memory of the whole.

defineMovingKernel<UnpackInputs, UnpackAttrs>(Unpack, ({ inputs: { value }, attrs, backend }) => {
  const axis = util.parseAxisParam(attrs.axis, value.shape)[0] as number;
  const whole = backend.handle(value);
  return Array.from({ length: value.shape[axis] as number }, (_, i) =>
    backend.output(clone(select(whole, axis, i), 'contiguous')),
  );
});

defineMovingKernel<SplitVInputs, SplitVAttrs>(SplitV, ({ inputs: { x }, attrs, backend }) => {
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] as number;
  const sizes = backend_util.prepareSplitSize(x, attrs.numOrSizeSplits, axis);
  const whole = backend.handle(x);
  let start = 0;
  return sizes.map((size) => {
    const part = clone(narrow(whole, axis, start, size), 'contiguous');
    start += size;
    return backend.output(part);
  });
});

defineMovingKernel<TileInputs, TileAttrs>(Tile, ({ inputs: { x }, attrs, backend }) =>
  backend.output(repeat(backend.handle(x), attrs.reps)),
);
