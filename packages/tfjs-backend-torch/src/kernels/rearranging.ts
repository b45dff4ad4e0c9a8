import {
  backend_util,
  BatchToSpaceND,
  type BatchToSpaceNDAttrs,
  type BatchToSpaceNDInputs,
  DepthToSpace,
  type DepthToSpaceAttrs,
  type DepthToSpaceInputs,
  Diag,
  type DiagInputs,
  SpaceToBatchND,
  type SpaceToBatchNDAttrs,
  type SpaceToBatchNDInputs,
  util,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const reshape = operator('aten::reshape');
const permute = operator('aten::permute');
const padConstant = operator('aten::constant_pad_nd');
const slice = operator('aten::slice', 'Tensor');
const clone = operator('aten::clone');
const diagonal = operator('aten::diag');

defineKernel<SpaceToBatchNDInputs, SpaceToBatchNDAttrs>(
  SpaceToBatchND,
  ({ inputs: { x }, attrs, backend }) => {
    const { blockShape, paddings } = attrs;
    const blockSize = util.sizeFromShape(blockShape);
    const rest = x.shape.length - 1 - blockShape.length;
    const all = [[0, 0], ...paddings, ...new Array<number[]>(rest).fill([0, 0])];
    const paddedShape = x.shape.map((size, axis) => size + all[axis]![0]! + all[axis]![1]!);
    const padded = padConstant(backend.handle(x), all.reverse().flat(), 0);
    const split = backend_util.getReshaped(paddedShape, blockShape, blockSize, false);
    const order = backend_util.getPermuted(split.length, blockShape.length, false);
    const flat = backend_util.getReshapedPermuted(paddedShape, blockShape, blockSize, false);
    return backend.output(reshape(permute(reshape(padded, split), order), flat));
  },
);

defineKernel<BatchToSpaceNDInputs, BatchToSpaceNDAttrs>(
  BatchToSpaceND,
  ({ inputs: { x }, attrs, backend }) => {
    const { blockShape, crops } = attrs;
    const blockSize = util.sizeFromShape(blockShape);
    const split = backend_util.getReshaped(x.shape, blockShape, blockSize);
    const order = backend_util.getPermuted(split.length, blockShape.length);
    const flat = backend_util.getReshapedPermuted(x.shape, blockShape, blockSize);
    const begin = backend_util.getSliceBeginCoords(crops, blockShape.length);
    const size = backend_util.getSliceSize(flat, crops, blockShape.length);
    let result = reshape(permute(reshape(backend.handle(x), split), order), flat);
    if (util.arraysEqual(size, flat)) return backend.output(result);
    size.forEach((length, axis) => {
      result = slice(result, axis, begin[axis], (begin[axis] as number) + length);
    });
    return backend.output(clone(result, 'contiguous'));
  },
);

defineKernel<DepthToSpaceInputs, DepthToSpaceAttrs>(DepthToSpace, ({ inputs: { x }, attrs, backend }) => {
  const { blockSize: block, dataFormat } = attrs;
  const handle = backend.handle(x);
  if (dataFormat === 'NHWC') {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const depth = channels / block ** 2;
    const blocks = reshape(handle, [batch, height, width, block, block, depth]);
    const mixed = permute(blocks, [0, 1, 3, 2, 4, 5]);
    return backend.output(reshape(mixed, [batch, height * block, width * block, depth]));
  }
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const depth = channels / block ** 2;
  const blocks = reshape(handle, [batch, block, block, depth, height, width]);
  const mixed = permute(blocks, [0, 3, 4, 1, 5, 2]);
  return backend.output(reshape(mixed, [batch, depth, height * block, width * block]));
});

defineKernel<DiagInputs, object>(Diag, ({ inputs: { x }, backend }) => {
  const matrix = diagonal(reshape(backend.handle(x), [-1]));
  return backend.output(reshape(matrix, [...x.shape, ...x.shape]));
});
