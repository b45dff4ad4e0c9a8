import * as tf from '@tensorflow/tfjs-core';

/** Values of a block of weights, 4 MiB of float32: three are alive at a time, and they stay in a processor's cache. */
const BLOCK_VALUES = 2 ** 20;

/** What drives the points apart. */
export interface Repulsion {
  /** [n · 2], Σ_j q_ij w_ij (y_i - y_j) for each point. */
  readonly forces: Float64Array;
  /** Z, the sum of w over all ordered pairs of different points. */
  readonly normalizer: number;
}

/**
 * The repulsion of all pairs, exact, with w_ij = 1 / (1 + |y_i - y_j|²) and q_ij = w_ij / Z.
 *
 * A block of 1 + |y_i - y_j|² is one product of matrices with four columns, and since
 * Σ_j w²(y_i - y_j) = (Σ_j w²) y_i - Σ_j w² y_j, a second product of the squared weights with [y, 1] has all sums.
 *
 * @param embedding [n · 2]
 */
export async function repulsion(embedding: Float64Array): Promise<Repulsion> {
  const n = embedding.length / 2;
  const { sums, total } = tf.tidy(() => blockSums(embedding, n));
  const [weighted, [sum]] = await Promise.all([sums.data(), total.data()]);
  tf.dispose([sums, total]);
  // The weight of each point with itself is 1.
  const normalizer = Math.max(sum! - n, Number.MIN_VALUE);
  const forces = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const squares = weighted[2 * n + i]!;
    forces[2 * i] = (squares * embedding[2 * i]! - weighted[i]!) / normalizer;
    forces[2 * i + 1] = (squares * embedding[2 * i + 1]! - weighted[n + i]!) / normalizer;
  }
  return { forces, normalizer };
}

/** [3, n] of Σ_i w² x_i, Σ_i w² y_i and Σ_i w² for each point, and Σ w of everything. */
function blockSums(embedding: Float64Array, n: number) {
  const points = tf.tensor2d(Float32Array.from(embedding), [n, 2]);
  const ones = tf.ones<tf.Rank.R2>([n, 1]);
  const squares = tf.sum<tf.Tensor2D>(tf.square(points), 1, true);
  // Row i of the one times row j of the other is 1 + |y_i|² - 2 y_i y_j + |y_j|².
  const left = tf.concat([points, tf.add<tf.Tensor2D>(squares, 1), ones], 1);
  const right = tf.concat([tf.mul<tf.Tensor2D>(points, -2), ones, squares], 1);
  const summed = tf.transpose(tf.concat([points, ones], 1));
  let sums = tf.zeros<tf.Rank.R2>([3, n]);
  let total = tf.scalar(0);
  const height = Math.max(1, Math.floor(BLOCK_VALUES / n));
  for (let start = 0; start < n; start += height) {
    const count = Math.min(height, n - start);
    const before = [sums, total];
    [sums, total] = tf.tidy(() => {
      const distances = tf.matMul<tf.Tensor2D>(tf.slice(left, [start, 0], [count, 4]), right, false, true);
      const weights = tf.reciprocal<tf.Tensor2D>(distances);
      distances.dispose();
      const part = tf.matMul(tf.slice(summed, [0, start], [3, count]), tf.square<tf.Tensor2D>(weights));
      return [tf.add<tf.Tensor2D>(sums, part), tf.add<tf.Scalar>(total, tf.sum(weights))];
    });
    tf.dispose(before);
  }
  return { sums, total };
}
