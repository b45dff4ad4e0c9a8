import {
  backend_util,
  ScatterNd,
  type ScatterNdAttrs,
  type ScatterNdInputs,
  SparseToDense,
  type SparseToDenseAttrs,
  type SparseToDenseInputs,
  type TensorInfo,
  TensorScatterUpdate,
  type TensorScatterUpdateInputs,
  UnsortedSegmentSum,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { flatIndices } from './flatIndices.js';
import { numbers } from './numbers.js';
import { defineMovingKernel } from './onHost.js';

const full = operator('aten::full');
const reshape = operator('aten::reshape');
const expand = operator('aten::expand');
const clone = operator('aten::clone');
const narrow = operator('aten::narrow');
const isBelow = operator('aten::lt', 'Scalar');
const maskedFill = operator('aten::masked_fill', 'Scalar');
const clampAbove = operator('aten::clamp');
const addOnCpu = operator('aten::index_add_');
const putInPlace = operator('aten::index_put_');
const copyOnAny = operator('aten::index_copy_');
const toType = operator('aten::to', 'dtype');

/** Puts rows of the source where the index says. */
type PutRows = (target: Handle, index: Handle, source: Handle, device: string) => Handle;

const copyRows: PutRows = (target, index, source) => copyOnAny(target, 0, index, source);

/** In the same order every time: on a GPU the operator for the CPU would add in the order in which threads come. */
const addRows: PutRows = (target, index, source, device) =>
  device === 'cpu'
    ? addOnCpu(target, 0, index, source)
    : putInPlace(target, [toType(index, 'int64')], source, true);

defineMovingKernel<ScatterNdInputs, ScatterNdAttrs>(ScatterNd, ({ inputs, attrs: { shape }, backend }) => {
  const { indices, updates } = inputs;
  const values = numbers(updates, backend);
  const start = full(shape, 0, updates.dtype === 'bool' ? 'int32' : updates.dtype, undefined, backend.device);
  scatter(start, shape, indices, updates, values, addRows, 'scatterND', backend);
  return backend.output(start, updates.dtype);
});

defineMovingKernel<TensorScatterUpdateInputs, object>(TensorScatterUpdate, ({ inputs, backend }) => {
  const { tensor, indices, updates } = inputs;
  const start = clone(backend.handle(tensor), 'contiguous');
  scatter(
    start,
    tensor.shape,
    indices,
    updates,
    backend.handle(updates),
    copyRows,
    TensorScatterUpdate,
    backend,
  );
  return backend.output(start);
});

defineMovingKernel<SparseToDenseInputs, SparseToDenseAttrs>(SparseToDense, ({ inputs, attrs, backend }) => {
  const { sparseIndices, sparseValues, defaultValue } = inputs;
  const start = clone(expand(reshape(backend.handle(defaultValue), []), attrs.outputShape), 'contiguous');
  const values = backend.handle(sparseValues);
  scatter(start, attrs.outputShape, sparseIndices, sparseValues, values, copyRows, SparseToDense, backend);
  return backend.output(start);
});

defineMovingKernel<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>(
  UnsortedSegmentSum,
  ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
    const rowShape = x.shape.slice(segmentIds.shape.length);
    const rowSize = util.sizeFromShape(rowShape);
    const count = util.sizeFromShape(segmentIds.shape);
    const ids = reshape(backend.handle(segmentIds), [count]);
    // Rows of no segment go to one behind the last, which is left off.
    const segments = maskedFill(clampAbove(ids, null, numSegments), isBelow(ids, 0), numSegments);
    const values = numbers(x, backend);
    const dtype = x.dtype === 'bool' ? 'int32' : x.dtype;
    const sums = full([numSegments + 1, rowSize], 0, dtype, undefined, backend.device);
    addRows(sums, segments, reshape(values, [count, rowSize]), backend.device);
    return backend.output(reshape(narrow(sums, 0, 0, numSegments), [numSegments, ...rowShape]));
  },
);

/** Puts slices of the updates' values where `indices` says into `target`, whose memory is the kernel's own. */
function scatter(
  target: Handle,
  shape: number[],
  indices: TensorInfo,
  updates: TensorInfo,
  values: Handle,
  put: PutRows,
  what: string,
  backend: TorchBackend,
): void {
  const { sliceRank, numUpdates, sliceSize, outputSize } = backend_util.calculateShapes(
    updates,
    indices,
    shape,
  );
  if (outputSize === 0 || numUpdates === 0) return;
  const index = flatIndices(indices, numUpdates, sliceRank, shape, what, backend);
  const source =
    updates.shape.length === 0
      ? expand(values, [numUpdates, sliceSize])
      : reshape(values, [numUpdates, sliceSize]);
  put(reshape(target, [outputSize / sliceSize, sliceSize]), index, source, backend.device);
}
