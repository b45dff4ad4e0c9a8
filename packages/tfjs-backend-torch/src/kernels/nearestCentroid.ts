import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { inBlocks } from './inBlocks.js';

const onCpu = listOperator('protocl::nearest_centroid');
const againOnCpu = listOperator('protocl::nearest_centroid_again');
const memoryOnCpu = listOperator('protocl::nearest_centroid_memory');
const productInFull = operator('protocl::mm_in_full_precision');
const mean = operator('aten::mean', 'dim');
const sub = operator('aten::sub', 'Tensor');
const square = operator('aten::square');
const sum = operator('aten::sum', 'dim_IntList');
const amax = operator('aten::amax');
const amin = operator('aten::amin');
const scatterValueInPlace = operator('aten::scatter_', 'value');
const smallest = listOperator('aten::min', 'dim');
const sqrtInPlace = operator('aten::sqrt_');
const addInPlace = operator('aten::add_', 'Tensor');
const addScalarInPlace = operator('aten::add_', 'Scalar');
const multiplyScalarInPlace = operator('aten::mul_', 'Scalar');
const transpose = operator('aten::t');
const multiplyScalar = operator('aten::mul', 'Scalar');
const eye = operator('aten::eye', 'm');
const expand = operator('aten::expand');
const unsqueeze = operator('aten::unsqueeze');
const pad = operator('aten::constant_pad_nd');
const cat = operator('aten::cat');
const isAtMost = operator('aten::le', 'Tensor');
const equal = operator('aten::eq', 'Tensor');
const nonzero = operator('aten::nonzero');
const unbind = listOperator('aten::unbind', 'int');
const narrow = operator('aten::narrow');
const indexSelect = operator('aten::index_select');
const indexCopyInPlace = operator('aten::index_copy_');
const whereElse = operator('aten::where', 'ScalarOther');
const scatterReduceInPlace = operator('aten::scatter_reduce_', 'two');
const full = operator('aten::full');

/** Scores that exist at once on a GPU: 512 MiB of them. */
const mostScores = 2 ** 27;
/** The same for the few points with several candidates, of which all could be: 320 MiB with the pairs' numbers. */
const mostOpenScores = 2 ** 24;
/** Values of the points that are compared at once: 256 MiB, and as much for their way from the centre. */
const mostPointValues = 2 ** 26;
/** Values of the differences between points and centroids that exist at once: 128 MiB. */
const mostDifferences = 2 ** 25;
/** Half the distance between 1 and the next float32. */
const unitRoundoff = 2 ** -24;
/** Keeps the bound above zero where all norms are. */
const tiny = 2 ** -120;

interface NearestCentroidInputs {
  points: TensorInfo;
  centroids: TensorInfo;
}

/** What NearestCentroidMemory made for these points; brought up to date in place. */
interface Memory {
  bounds?: TensorInfo;
  previous?: TensorInfo;
  before?: TensorInfo;
}

/** The memory of a search: three tensors, or none where this processor or device has no use for it. */
defineKernel<NearestCentroidInputs, object>('NearestCentroidMemory', ({ inputs, backend }) => {
  if (backend.device !== 'cpu') return [];
  const made = memoryOnCpu(backend.handle(inputs.points), backend.handle(inputs.centroids));
  return made.map((handle) => backend.output(handle));
});

defineKernel<NearestCentroidInputs & Memory, object>('NearestCentroid', ({ inputs, backend }) => {
  const points = backend.handle(inputs.points);
  const centroids = backend.handle(inputs.centroids);
  const { bounds, previous, before } = inputs;
  if (bounds && previous && before) {
    const memory = [bounds, previous, before].map((tensor) => backend.handle(tensor));
    return againOnCpu(points, centroids, ...memory).map((handle) => backend.output(handle));
  }
  if (backend.device === 'cpu') return onCpu(points, centroids).map((handle) => backend.output(handle));
  const [indices, distances] = onDevice(points, centroids, backend.device);
  const last = (inputs.centroids.shape[0] as number) - 1;
  return [backend.output(indices, 'int32', { least: 0, most: last }), backend.output(distances)];
});

/** What the scores of all points are made of. */
interface Screen {
  readonly centroids: Handle;
  readonly centre: Handle;
  /** [D + extra, k]: -2c, and |c|² below it. */
  readonly factors: Handle;
  /** [1, extra]: 1 for |c|², and zeros up to a length that is quick to multiply. */
  readonly behind: Handle;
  readonly farthest: Handle;
}

/**
 * The same for devices that the addon has no kernel for.
 *
 * Scores |c|² - 2xc are one matrix product, and rounded: all centroids whose scores come within their error bound of the
 * best are candidates. A point mostly has one, and is done with; the others' candidates are compared by the differences
 * themselves. That there are such is read back once for all points, so that the device never runs dry.
 */
function onDevice(points: Handle, centroids: Handle, device: string): [Handle, Handle] {
  const [n, dimension] = shapeOf(points) as [number, number];
  const [k] = shapeOf(centroids) as [number];
  // Around the centroids' mean the expansion loses least to cancellation.
  const centre = mean(centroids, [0]);
  const centred = sub(centroids, centre);
  const norms = sum(square(centred), [1]);
  const farthest = sqrtInPlace(amax(norms));
  const extra = 4 - (dimension % 4);
  const withNorms = cat([multiplyScalar(centred, -2), pad(unsqueeze(norms, 1), [0, extra - 1], 0)], 1);
  const behind = eye(1, extra, 'float32', undefined, device);
  const screen = { centroids, centre, factors: transpose(withNorms), behind, farthest };
  const found = inBlocks(n, Math.min(mostScores / k, mostPointValues / dimension), (start, count) => {
    const block = narrow(points, 0, start, count);
    const { scores, limit, best, lowest } = scored(block, screen);
    const runnersUp = amin(scatterValueInPlace(scores, 1, best, Infinity), [1], true);
    return [best, isAtMost(runnersUp, limit), lowest].map(flat);
  });
  const [indices, isOpen, lowest] = found as [Handle, Handle, Handle];
  const open = unbind(nonzero(isOpen), 1)[0] as Handle;
  const [openCount] = shapeOf(open) as [number];
  if (openCount > 0) {
    const [decided] = inBlocks(
      openCount,
      Math.min(mostOpenScores / k, mostPointValues / dimension),
      (start, count) => {
        const block = indexSelect(points, 0, narrow(open, 0, start, count));
        return [amongCandidates(block, screen, device)];
      },
    );
    indexCopyInPlace(indices, 0, open, decided);
  }
  const [distances] = inBlocks(n, mostDifferences / dimension, (start, count) => [
    squaredDistances(
      narrow(points, 0, start, count),
      indexSelect(centroids, 0, narrow(indices, 0, start, count)),
    ),
  ]);
  // Where squares overflow nothing is known of what is nearest: such a distance is no number.
  return [indices, addInPlace(distances, multiplyScalarInPlace(lowest, 0))];
}

/**
 * Scores [rows, k], and for each row up to which score a centroid is a candidate, and the best one and its score, all
 * [rows, 1].
 */
function scored(block: Handle, screen: Screen): Record<'scores' | 'limit' | 'best' | 'lowest', Handle> {
  const { centre, factors, behind, farthest } = screen;
  const [rows, dimension] = shapeOf(block) as [number, number];
  const centred = sub(block, centre);
  const scores = productInFull(cat([centred, expand(behind, [rows, -1])], 1), factors);
  const [lowest, best] = smallest(scores, 1, true) as [Handle, Handle];
  // Sums of D products are off by at most D roundings of their magnitude, twice over for a difference of two, with some
  // to spare for the subtraction of the centre and for the reach.
  const reach = addInPlace(sqrtInPlace(sum(square(centred), [1], true)), farthest);
  const bound = multiplyScalarInPlace(square(reach), 4 * (dimension + 16) * unitRoundoff);
  const limit = addScalarInPlace(addInPlace(bound, lowest), tiny);
  return { scores, limit, best, lowest };
}

/** For each point of the block the nearest of its candidates, the first of equally near ones: int64 [rows]. */
function amongCandidates(block: Handle, screen: Screen, device: string): Handle {
  const [rows, dimension] = shapeOf(block) as [number, number];
  const [k] = shapeOf(screen.centroids) as [number];
  const { scores, limit } = scored(block, screen);
  const pairs = nonzero(isAtMost(scores, limit));
  const [count] = shapeOf(pairs) as [number];
  const [points, candidates] = unbind(pairs, 1) as [Handle, Handle];
  const [distances] = inBlocks(count, mostDifferences / dimension, (start, length) => [
    squaredDistances(
      indexSelect(block, 0, narrow(points, 0, start, length)),
      indexSelect(screen.centroids, 0, narrow(candidates, 0, start, length)),
    ),
  ]) as [Handle];
  const nearest = full([rows], Infinity, 'float32', undefined, device);
  scatterReduceInPlace(nearest, 0, points, distances, 'amin');
  const isNearest = equal(distances, indexSelect(nearest, 0, points));
  const first = full([rows], k - 1, 'int64', undefined, device);
  return scatterReduceInPlace(first, 0, points, whereElse(isNearest, candidates, k - 1), 'amin');
}

function squaredDistances(points: Handle, others: Handle): Handle {
  return sum(square(sub(points, others)), [1]);
}

/** Drops the last axis, of size 1. */
function flat(column: Handle): Handle {
  return unbind(column, 1)[0] as Handle;
}
