import {
  SearchSorted,
  type SearchSortedAttrs,
  type SearchSortedInputs,
  type TensorInfo,
  TopK,
  type TopKAttrs,
  type TopKInputs,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { numbers } from './numbers.js';

const largestValues = listOperator('protocl::largest_values');
const topK = listOperator('aten::topk');
const sort = listOperator('aten::sort');
const stableSort = listOperator('aten::sort', 'stable');
const searchSorted = operator('aten::searchsorted', 'Tensor');
const full = operator('aten::full');
const arange = operator('aten::arange');
const equal = operator('aten::eq', 'Tensor');
const less = operator('aten::lt', 'Tensor');
const subtract = operator('aten::sub', 'Tensor');
const sum = operator('aten::sum', 'dim_IntList');
const nonzero = operator('aten::nonzero');
const unbind = listOperator('aten::unbind', 'int');
const narrow = operator('aten::narrow');
const reshape = operator('aten::reshape');
const gather = operator('aten::gather');
const indexSelect = operator('aten::index_select');
const maskedSelect = operator('aten::masked_select');
const maskedScatter = operator('aten::masked_scatter');

type Pair = [Handle, Handle];

defineKernel<TopKInputs, TopKAttrs>(TopK, ({ inputs: { x }, attrs: { k }, backend }) => {
  const size = x.shape.at(-1) as number;
  const count = util.sizeFromShape(x.shape.slice(0, -1));
  const rows = reshape(numbers(x, backend), [count, size]);
  if (backend.device === 'cpu' && x.dtype === 'float32') {
    const largest = largestValues(rows, k);
    return largest.map((handle) => backend.output(reshape(handle, [...x.shape.slice(0, -1), k])));
  }
  if (k === 0) return nothing(x, backend);
  const [values, indices] = topK(rows, k) as Pair;
  const first = firstOfEqual(rows, count, values, indices, k, backend);
  const [ordered, places] = inOrder(rows, first);
  const shape = [...x.shape.slice(0, -1), k];
  return [
    backend.output(reshape(ordered, shape), x.dtype),
    backend.output(reshape(places, shape), 'int32', { least: 0, most: size - 1 }),
  ];
});

/** The largest of no values: not every device's routine takes that. */
function nothing({ shape, dtype }: TensorInfo, backend: TorchBackend): TensorInfo[] {
  const sizes = [...shape.slice(0, -1), 0];
  return [dtype, 'int32'].map((type) => backend.output(full(sizes, 0, type, undefined, backend.device)));
}

/**
 * Of values that equal the last one taken, libtorch takes any; tfjs wants the first ones. Replaces their indices.
 */
function firstOfEqual(
  rows: Handle,
  count: number,
  values: Handle,
  indices: Handle,
  k: number,
  backend: TorchBackend,
): Handle {
  const upTo = (end: number): Handle => arange(end, 'int64', undefined, backend.device);
  const last = narrow(values, -1, k - 1, 1);
  const taken = equal(values, last);
  // All places of each row's last value, row by row: the first ones of each row are taken, as many as there were.
  const [row, column] = unbind(nonzero(equal(rows, last)), 1) as Pair;
  const candidates = shapeOf(row)[0] as number;
  const rowStarts = searchSorted(row, upTo(count));
  const rank = subtract(upTo(candidates), indexSelect(rowStarts, 0, row));
  const isFirst = less(rank, indexSelect(sum(taken, [-1]), 0, row));
  return maskedScatter(indices, taken, maskedSelect(column, isFirst));
}

/** The values at the indices in descending order, equal ones by ascending index, and the indices in that order. */
function inOrder(rows: Handle, indices: Handle): Pair {
  const [ascending] = sort(indices) as Pair;
  const [values, order] = stableSort(gather(rows, -1, ascending), true, -1, true) as Pair;
  return [values, gather(ascending, -1, order)];
}

defineKernel<SearchSortedInputs, SearchSortedAttrs>(SearchSorted, ({ inputs, attrs, backend }) =>
  backend.output(
    searchSorted(
      backend.handle(inputs.sortedSequence),
      backend.handle(inputs.values),
      true,
      attrs.side === 'right',
    ),
  ),
);
