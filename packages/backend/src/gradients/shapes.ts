import {
  backend_util,
  batchToSpaceND,
  cast,
  concat,
  gather,
  greaterEqual,
  maximum,
  mul,
  pad,
  reshape,
  reverse,
  scalar,
  slice,
  slice_util,
  spaceToBatchND,
  stack,
  sum,
  transpose,
  unsortedSegmentSum,
  unstack,
  util,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';

import { savedTensor, sumToShape } from './gradientRule.js';
import type { GradientRule } from './gradientRule.js';

/** The gradient is dy with the input's shape: for kernels that only change the shape. */
const reshapeBack: GradientRule = {
  inputs: ['x'],
  gradients: (dy, saved) => ({ x: () => reshape(dy, savedTensor(saved, 0).shape) }),
};

/** Adds up the rows of dy that were read from the same place of `x` along `axis`. */
function gatherGradient(dy: Tensor, x: Tensor, indices: Tensor, axis: number): Tensor {
  const outer = x.shape.slice(0, axis);
  const inner = x.shape.slice(axis + 1);
  const gathered = reshape(dy, [...outer, indices.size, ...inner]);
  const order = [axis, ...[...gathered.shape.keys()].filter((other) => other !== axis)];
  const rows = transpose(gathered, order);
  const summed = unsortedSegmentSum(rows, reshape<Rank.R1>(indices, [indices.size]), x.shape[axis] ?? 1);
  return transpose(summed, backend_util.getUndoAxesPermutation(order));
}

/** As {@link gatherGradient}, where the first `batchDims` axes of `x` and `indices` run side by side. */
function batchedGatherGradient(
  dy: Tensor,
  x: Tensor,
  indices: Tensor,
  axis: number,
  batchDims: number,
): Tensor {
  if (batchDims === 0) return gatherGradient(dy, x, indices, axis);
  const batches = util.sizeFromShape(x.shape.slice(0, batchDims));
  const inBatches = (tensor: Tensor) => unstack(reshape(tensor, [batches, ...tensor.shape.slice(batchDims)]));
  const xs = inBatches(x);
  const ids = inBatches(indices);
  const gradients = inBatches(dy).map((part, index) =>
    gatherGradient(part, savedTensor(xs, index), savedTensor(ids, index), axis - batchDims),
  );
  return reshape(stack(gradients), x.shape);
}

/** `tensor` at `index` of `axis`, without that axis. */
function sliceAt(tensor: Tensor, axis: number, index: number): Tensor {
  const begin = tensor.shape.map((_, other) => (other === axis ? index : 0));
  const size = tensor.shape.map((full, other) => (other === axis ? 1 : full));
  return reshape(
    slice(tensor, begin, size),
    tensor.shape.filter((_, other) => other !== axis),
  );
}

/** The gradients of all outputs; TensorFlow.js passes a lone one without its list. */
function outputGradients(dy: Tensor): Tensor[] {
  return Array.isArray(dy) ? (dy as Tensor[]) : [dy];
}

/** Rows of `x` at `ids`, and zeros where an id is negative. */
function gatherDroppingNegatives(x: Tensor, ids: Tensor): Tensor {
  const zero = scalar(0, 'int32');
  const rows = gather(x, maximum(ids, zero));
  const kept = cast(greaterEqual(ids, zero), 'float32');
  return mul(rows, reshape(kept, [...ids.shape, ...Array<number>(rows.rank - ids.rank).fill(1)]));
}

/** Sums the `repetitions` copies of a tensor of `shape` that tiling made. */
function tileGradient(dy: Tensor, shape: number[], repetitions: number[]): Tensor {
  const interleaved = shape.flatMap((size, axis) => [repetitions[axis] ?? 1, size]);
  return sum(
    reshape(dy, interleaved),
    shape.map((_, axis) => 2 * axis),
  );
}

/** The gradients of the kernels that move elements about. */
export const shapeRules: Readonly<Record<string, GradientRule>> = {
  BatchToSpaceND: {
    gradients: (dy, _, { blockShape, crops }) => ({
      x: () => spaceToBatchND(dy, blockShape as number[], crops as number[][]),
    }),
  },
  BroadcastTo: {
    inputs: ['x'],
    gradients: (dy, saved) => ({ x: () => sumToShape(dy, savedTensor(saved, 0).shape) }),
  },
  Concat: {
    allInputs: true,
    gradients: (dy, saved, { axis }) => {
      const along = util.parseAxisParam(axis as number, savedTensor(saved, 0).shape)[0] ?? 0;
      let begin = 0;
      return Object.fromEntries(
        saved.map((part, index) => {
          const start = part.shape.map((_, other) => (other === along ? begin : 0));
          begin += part.shape[along] ?? 0;
          return [index, () => slice(dy, start, part.shape)];
        }),
      );
    },
  },
  ExpandDims: {
    inputs: ['input'],
    gradients: (dy, saved) => ({ input: () => reshape(dy, savedTensor(saved, 0).shape) }),
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    gradients: (dy, saved, attributes) => {
      const x = savedTensor(saved, 0);
      const indices = savedTensor(saved, 1);
      const axis = util.parseAxisParam(attributes['axis'] as number, x.shape)[0] ?? 0;
      const batchDims = (attributes['batchDims'] as number | undefined) ?? 0;
      return {
        x: () => batchedGatherGradient(dy, x, indices, axis, batchDims),
        indices: () => zeros(indices.shape),
      };
    },
  },
  Pack: {
    gradients: (dy, _, attributes) => {
      const axis = util.parseAxisParam(attributes['axis'] as number, dy.shape)[0] ?? 0;
      return Object.fromEntries(
        Array.from({ length: dy.shape[axis] ?? 0 }, (_value, index) => [
          index,
          () => sliceAt(dy, axis, index),
        ]),
      );
    },
  },
  PadV2: {
    inputs: ['x'],
    gradients: (dy, saved, { paddings }) => ({
      x: () =>
        slice(
          dy,
          (paddings as [number, number][]).map(([before]) => before),
          savedTensor(saved, 0).shape,
        ),
    }),
  },
  Reshape: reshapeBack,
  Reverse: {
    gradients: (dy, _, { dims }) => ({ x: () => reverse(dy, dims as number[]) }),
  },
  Slice: {
    inputs: ['x'],
    gradients: (dy, saved, { begin, size }) => {
      const x = savedTensor(saved, 0);
      const [start, length] = slice_util.parseSliceParams(x, begin as number[], size as number[]) as [
        number[],
        number[],
      ];
      return {
        x: () =>
          pad(
            dy,
            x.shape.map((full, axis): [number, number] => {
              const before = start[axis] ?? 0;
              return [before, full - before - (length[axis] ?? 0)];
            }),
          ),
      };
    },
  },
  SpaceToBatchND: {
    gradients: (dy, _, { blockShape, paddings }) => ({
      x: () => batchToSpaceND(dy, blockShape as number[], paddings as number[][]),
    }),
  },
  SplitV: {
    gradients: (dy, _, { axis }) => ({ x: () => concat(outputGradients(dy), axis as number) }),
  },
  Tile: {
    inputs: ['x'],
    gradients: (dy, saved, { reps }) => ({
      x: () => tileGradient(dy, savedTensor(saved, 0).shape, reps as number[]),
    }),
  },
  Transpose: {
    gradients: (dy, _, { perm }) => ({
      x: () => transpose(dy, backend_util.getUndoAxesPermutation(perm as number[])),
    }),
  },
  Unpack: {
    gradients: (dy, _, { axis }) => ({ value: () => stack(outputGradients(dy), axis as number) }),
  },
  UnsortedSegmentSum: {
    inputs: ['segmentIds'],
    gradients: (dy, saved) => ({ x: () => gatherDroppingNegatives(dy, savedTensor(saved, 0)) }),
  },
};
