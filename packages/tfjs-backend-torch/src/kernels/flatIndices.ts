import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { requireWithin } from './requireWithin.js';

const full = operator('aten::full');
const reshape = operator('aten::reshape');
const select = operator('aten::select', 'int');
const toType = operator('aten::to', 'dtype');
const multiply = operator('aten::mul', 'Scalar');
const add = operator('aten::add', 'Tensor');

/**
 * Row numbers from indices of several axes: `count` times `depth` indices into the first axes of `shape` become
 * [count] numbers of the slices that they name, 64-bit.
 *
 * @throws TorchBackendError `INDEX_OUT_OF_RANGE` where one of them lies outside of its axis.
 */
export function flatIndices(
  indices: TensorInfo,
  count: number,
  depth: number,
  shape: readonly number[],
  what: string,
  backend: TorchBackend,
): Handle {
  if (depth === 0) return full([count], 0, 'int64', undefined, backend.device);
  const rows = reshape(toType(backend.handle(indices), 'int64'), [count, depth]);
  const range = backend.rangeOf(indices);
  let flat: Handle | undefined;
  for (let axis = 0; axis < depth; axis++) {
    const along = select(rows, 1, axis);
    requireWithin(along, range, count, shape[axis] as number, `Invalid indices: ${what}, axis ${axis}`);
    flat = flat === undefined ? along : add(multiply(flat, shape[axis]), along);
  }
  return flat as Handle;
}
