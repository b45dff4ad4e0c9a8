import {
  add,
  concat,
  matMul,
  mul,
  ones,
  pad,
  reciprocal,
  scalar,
  slice,
  square,
  sub,
  sum,
  tidy,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Rank, Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { StudentRepulsion } from '../kernelNames.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel } from './fusedKernel.js';

/** Values of a block of weights: 4 MiB; three are alive at a time, and they stay in a processor's cache. */
const BLOCK_VALUES = 2 ** 20;

/**
 * The repulsion of all pairs, by blocks of a matrix that never exists as a whole.
 *
 * A block of 1 + |y_i - y_j|² is one product of matrices with four columns, and since
 * Σ_j w²(y_i - y_j) = (Σ_j w²) y_i - Σ_j w² y_j, a second product of the squared weights with [y, 1] has all sums.
 * Weights are symmetric, so those of some points with all later ones are computed once and summed both ways; only
 * among themselves do they need no second sum.
 *
 * The product rounds distances in proportion to the squared distance from the origin: to some thousandths at 100.
 */
export const studentRepulsion: FusedKernel = {
  name: StudentRepulsion,
  compose(inputs) {
    const points = requiredInput(inputs, 'points') as Tensor2D;
    const [n] = points.shape;
    const factors = factorsOf(points);
    const sumsOfBlocks: Tensor2D[] = [];
    let ofLater = zeros<Rank.R2>([3, n]);
    let total: Scalar = scalar(-n);
    let start = 0;
    while (start < n) {
      const end = Math.min(n, start + Math.max(1, Math.floor(BLOCK_VALUES / (n - start))));
      const before = [ofLater, total];
      const block = tidy(() => blockOf(factors, start, end, { ofLater, total }));
      for (const tensor of before) tensor.dispose();
      ({ ofLater, total } = block);
      sumsOfBlocks.push(block.sums);
      start = end;
    }
    const sums = transpose(add<Tensor2D>(concat(sumsOfBlocks, 1), ofLater));
    const squares = slice(sums, [0, 2], [n, 1]);
    return [sub(mul(squares, points), slice(sums, [0, 0], [n, 2])), total];
  },
};

interface Factors {
  /** [n, 4] each: row i of the one times row j of the other is 1 + |y_i|² - 2 y_i y_j + |y_j|². */
  readonly left: Tensor2D;
  readonly right: Tensor2D;
  /** [3, n]: what squared weights are summed with. */
  readonly summed: Tensor2D;
}

function factorsOf(points: Tensor2D): Factors {
  const [n] = points.shape;
  const one = ones<Rank.R2>([n, 1]);
  const squares = sum<Tensor2D>(square(points), 1, true);
  return {
    left: concat([points, add<Tensor2D>(squares, 1), one], 1),
    right: concat([mul<Tensor2D>(points, -2), one, squares], 1),
    summed: transpose(concat([points, one], 1)),
  };
}

type Running = {
  /** [3, n]: sums over the points of earlier blocks, for those that come later. */
  readonly ofLater: Tensor2D;
  /** The sum of all weights so far. */
  readonly total: Scalar;
};

/** [3, end - start]: what the points of a block have with each other and with all later ones. */
function blockOf(
  { left, right, summed }: Factors,
  start: number,
  end: number,
  { ofLater, total }: Running,
): Running & { readonly sums: Tensor2D } {
  const n = left.shape[0];
  const rows = end - start;
  const own = slice(summed, [0, start], [3, rows]);
  const weightsWith = (first: number, last: number) => {
    const others = slice(right, [first, 0], [last - first, 4]);
    const distances = matMul<Tensor2D>(slice(left, [start, 0], [rows, 4]), others, false, true);
    const weights = reciprocal(distances);
    distances.dispose();
    return weights;
  };
  const among = weightsWith(start, end);
  const sums = matMul<Tensor2D>(own, square(among));
  const withAmong = add<Scalar>(total, sum(among));
  if (end === n) return { sums, ofLater: add(ofLater, 0), total: withAmong };
  const weights = weightsWith(end, n);
  const sumOfWeights = sum(weights);
  const squared = square(weights);
  weights.dispose();
  const theirs = pad(matMul<Tensor2D>(own, squared), [
    [0, 0],
    [end, 0],
  ]);
  return {
    sums: add(sums, matMul<Tensor2D>(slice(summed, [0, end], [3, n - end]), squared, false, true)),
    ofLater: add(ofLater, theirs),
    total: add(withAmong, mul(sumOfWeights, 2)),
  };
}
