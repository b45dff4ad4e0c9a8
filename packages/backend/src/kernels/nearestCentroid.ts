import {
  add,
  argMax,
  argMin,
  concat,
  expandDims,
  gather,
  less,
  matMul,
  max,
  mean,
  min,
  mul,
  oneHot,
  scalar,
  slice,
  sqrt,
  square,
  squaredDifference,
  step,
  sub,
  sum,
  tidy,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { NearestCentroid } from '../kernelNames.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel } from './fusedKernel.js';

/** Elements of the largest intermediate tensor: 4 MiB each, and about five are alive at once. */
const BLOCK_ELEMENTS = 2 ** 20;
/** Candidates a point may have before comparing it with every centroid is quicker. */
const MOST_CANDIDATES = 16;
/** Half the distance between 1 and the next float32. */
const UNIT_ROUNDOFF = 2 ** -24;
/** Keeps the bound above zero where all norms are. */
const TINY = 2 ** -120;

/** The nearest centroid of each point of a block, and its squared distance. */
type Nearest = { indices: Tensor1D; distances: Tensor1D };

/**
 * The nearest centroid of each point, by squared Euclidean distance; of equally near ones the first.
 *
 * The expansion |c|^2 - 2 p.c is a matrix product and so the fast way to compare, but it rounds in
 * proportion to the norms, not to the distance. It only chooses candidates here: every centroid
 * that its error bound cannot rule out. Those are compared by the differences themselves.
 */
export const nearestCentroid: FusedKernel = {
  name: NearestCentroid,
  compose(inputs) {
    const points = requiredInput(inputs, 'points') as Tensor2D;
    const centroids = requiredInput(inputs, 'centroids') as Tensor2D;
    const [count, dimension] = points.shape;
    if (count === 0) return [zeros([0], 'int32'), zeros([0])];
    const screen = screening(centroids);
    const rows = Math.max(1, Math.floor(BLOCK_ELEMENTS / Math.max(centroids.shape[0], dimension)));
    const blocks: Nearest[] = [];
    for (let first = 0; first < count; first += rows) {
      const block = slice(points, [first, 0], [Math.min(rows, count - first), dimension]);
      blocks.push(tidy(() => nearestOfBlock(block, centroids, screen)));
      block.dispose();
    }
    return [concat(blocks.map(({ indices }) => indices)), concat(blocks.map(({ distances }) => distances))];
  },
};

interface Screening {
  centre: Tensor1D;
  centred: Tensor2D;
  squaredNorms: Tensor1D;
  largestNorm: Tensor;
}

/** Around their mean the centroids have small norms, and so the expansion a small error. */
function screening(centroids: Tensor2D): Screening {
  const centre = mean<Tensor1D>(centroids, 0);
  const centred = sub<Tensor2D>(centroids, centre);
  const squaredNorms = sum<Tensor1D>(square(centred), 1);
  return { centre, centred, squaredNorms, largestNorm: sqrt(max(squaredNorms)) };
}

function nearestOfBlock(block: Tensor2D, centroids: Tensor2D, screen: Screening): Nearest {
  const candidates = candidatesOf(block, screen);
  // The one value that is read back: it decides how the block is finished.
  const most = max(sum(candidates, 1)).dataSync()[0] as number;
  if (most <= MOST_CANDIDATES) return nearestCandidate(block, centroids, candidates, Math.max(1, most));
  return nearestOfAll(block, centroids);
}

/** [rows, k]: 1 for each centroid that could be the nearest of the row's point, else 0. */
function candidatesOf(block: Tensor2D, { centre, centred, squaredNorms, largestNorm }: Screening): Tensor2D {
  const centredBlock = sub<Tensor2D>(block, centre);
  const scores = sub(squaredNorms, mul(matMul(centredBlock, centred, false, true), 2));
  const reach = add(sqrt(sum(square(centredBlock), 1, true)), largestNorm);
  // Sums of D products are off by at most D roundings of their magnitude, twice over for a
  // difference of two, with some to spare for the subtraction of the centre and for the reach.
  const [, dimension] = block.shape;
  const bound = mul(square(reach), 4 * (dimension + 16) * UNIT_ROUNDOFF);
  const limit = add(add(min(scores, 1, true), bound), TINY);
  return step(sub(limit, scores));
}

/** Compares the candidates of each row by their differences, in the order of their indices. */
function nearestCandidate(block: Tensor2D, centroids: Tensor2D, candidates: Tensor2D, most: number): Nearest {
  let remaining = candidates;
  let nearest: Nearest | undefined;
  for (let turn = 0; turn < most; turn += 1) {
    const indices = argMax<Tensor1D>(remaining, 1);
    const distances = sum<Tensor1D>(squaredDifference(block, gather(centroids, indices)), 1);
    nearest = nearest === undefined ? { indices, distances } : nearer(nearest, { indices, distances });
    if (turn + 1 < most) remaining = sub(remaining, oneHot(indices, centroids.shape[0], 1, 0, 'float32'));
  }
  return nearest as Nearest;
}

/** Compares each point with every centroid by their differences, in bounded memory. */
function nearestOfAll(block: Tensor2D, centroids: Tensor2D): Nearest {
  const [rows, dimension] = block.shape;
  const [count] = centroids.shape;
  const columns = Math.max(1, Math.floor(BLOCK_ELEMENTS / (rows * dimension)));
  let nearest: Nearest | undefined;
  for (let first = 0; first < count; first += columns) {
    const part = slice(centroids, [first, 0], [Math.min(columns, count - first), dimension]);
    const nearestPart = tidy((): Nearest => {
      const all = sum(squaredDifference(expandDims(block, 1), expandDims(part, 0)), 2);
      return { indices: add(argMin(all, 1), scalar(first, 'int32')), distances: min(all, 1) };
    });
    nearest = nearest === undefined ? nearestPart : nearer(nearest, nearestPart);
  }
  return nearest as Nearest;
}

/** Row by row the nearer of two; the first where neither is. */
function nearer(first: Nearest, second: Nearest): Nearest {
  const isNearer = less(second.distances, first.distances);
  return {
    indices: where(isNearer, second.indices, first.indices),
    distances: where(isNearer, second.distances, first.distances),
  };
}
