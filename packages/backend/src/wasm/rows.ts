import { util } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { viewsOf } from './heap.js';
import type { WasmHeap } from './heap.js';
import { ownKernel } from './replaceKernel.js';

/**
 * Rows of a tensor at given indices, each copied whole.
 *
 * The kernel that wasm has works out the place of every single element, and is far slower.
 */
export function gather(original: KernelFunc | undefined): KernelFunc {
  return (call) => {
    const x = call.inputs['x'] as TensorInfo;
    const indices = call.inputs['indices'] as TensorInfo;
    const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims?: number };
    const along = util.parseAxisParam(axis, x.shape)[0] ?? 0;
    if ((batchDims ?? 0) !== 0 || x.dtype === 'string') return ownKernel(original, call);

    const outer = x.shape.slice(0, along);
    const inner = x.shape.slice(along + 1);
    const heap = call.backend as WasmHeap;
    const length = x.shape[along] ?? 1;
    for (const index of heap.typedArrayFromHeap(indices)) {
      if (!(index >= 0 && index < length)) throw indexOutOfRange(index, length);
    }
    const output = heap.makeOutput([...outer, ...indices.shape, ...inner], x.dtype);
    const [source, places, target] = viewsOf(heap, x, indices, output);
    const rowSize = util.sizeFromShape(inner);
    let end = 0;
    for (let block = 0; block < util.sizeFromShape(outer); block += 1) {
      for (const place of places) {
        const start = (block * length + place) * rowSize;
        target.set(source.subarray(start, start + rowSize), end);
        end += rowSize;
      }
    }
    return output;
  };
}

function indexOutOfRange(index: number, length: number): Error {
  return backendError('INVALID_SHAPE', {
    message: 'GatherV2 was given an index outside of its axis',
    given: index,
    expected: `an index from 0 to ${length - 1}`,
  });
}

/** Sums of the rows of each segment; rows whose segment is negative or too large count nowhere. */
export const unsortedSegmentSum: KernelFunc = ({ inputs, attrs, backend }) => {
  const x = inputs['x'] as TensorInfo;
  const segmentIds = inputs['segmentIds'] as TensorInfo;
  const { numSegments } = attrs as unknown as { numSegments: number };
  const inner = x.shape.slice(segmentIds.shape.length);
  const heap = backend as WasmHeap;
  const output = heap.makeOutput([numSegments, ...inner], x.dtype);
  const [source, segments, target] = viewsOf(heap, x, segmentIds, output);
  target.fill(0);
  const rowSize = util.sizeFromShape(inner);
  segments.forEach((segment: number, row: number) => {
    if (segment < 0 || segment >= numSegments) return;
    const to = segment * rowSize;
    const from = row * rowSize;
    for (let element = 0; element < rowSize; element += 1) {
      (target[to + element] as number) += source[from + element] as number;
    }
  });
  return output;
};
