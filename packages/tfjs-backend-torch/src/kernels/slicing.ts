import {
  Reverse,
  type ReverseAttrs,
  type ReverseInputs,
  Slice,
  type SliceAttrs,
  type SliceInputs,
  slice_util,
  StridedSlice,
  type StridedSliceAttrs,
  type StridedSliceInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineMovingKernel } from './onHost.js';

const slice = operator('aten::slice', 'Tensor');
const clone = operator('aten::clone');
const flip = operator('aten::flip');
const reshape = operator('aten::reshape');

defineMovingKernel<SliceInputs, SliceAttrs>(Slice, ({ inputs: { x }, attrs, backend }) => {
  const [begin, size] = slice_util.parseSliceParams(x, attrs.begin, attrs.size) as [number[], number[]];
  slice_util.assertParamsValid(x, begin, size);
  if (util.arraysEqual(size, x.shape)) return backend.share(x);
  // A copy: as a view it would keep the memory of the whole.
  return backend.output(clone(section(x, begin, size, backend), 'contiguous'), x.dtype, backend.rangeOf(x));
});

defineMovingKernel<StridedSliceInputs, StridedSliceAttrs>(
  StridedSlice,
  ({ inputs: { x }, attrs, backend }) => {
    const { finalShape, isIdentity, begin, end, strides } = slice_util.sliceInfo(
      x.shape,
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    if (isIdentity) return backend.output(reshape(backend.handle(x), finalShape));
    const part = stepped(backend.handle(x), begin, end, strides);
    return backend.output(reshape(clone(part, 'contiguous'), finalShape));
  },
);

defineMovingKernel<ReverseInputs, ReverseAttrs>(Reverse, ({ inputs: { x }, attrs, backend }) => {
  const axes = util.parseAxisParam(attrs.dims, x.shape);
  return backend.output(flip(backend.handle(x), axes));
});

/** A view of the part that begins at `begin`. */
function section(x: TensorInfo, begin: number[], size: number[], backend: TorchBackend): Handle {
  let part = backend.handle(x);
  size.forEach((length, axis) => {
    const start = begin[axis] as number;
    if (length !== x.shape[axis]) part = slice(part, axis, start, start + length);
  });
  return part;
}

/** Every stride-th element from `begin` to before `end` on each axis; libtorch itself has no negative strides. */
function stepped(x: Handle, begin: number[], end: number[], strides: number[]): Handle {
  let part = x;
  const backwards: number[] = [];
  strides.forEach((stride, axis) => {
    const from = begin[axis] as number;
    const length = Math.max(0, Math.ceil(((end[axis] as number) - from) / stride));
    const last = from + (length - 1) * stride;
    if (length === 0) part = slice(part, axis, 0, 0);
    else part = slice(part, axis, Math.min(from, last), Math.max(from, last) + 1, Math.abs(stride));
    if (stride < 0) backwards.push(axis);
  });
  return backwards.length === 0 ? part : flip(part, backwards);
}
