import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { clusterSums } from '../src/index.js';
import { describeOnEveryBackend } from './availableBackends.js';
import { sampleValues } from './numericGradient.js';

/** Sums in float64, and how large their terms are together. */
function naiveSums(points: Float32Array, indices: Int32Array, k: number, dimension: number) {
  const sums = new Float64Array(k * dimension);
  const sizes = new Float64Array(k * dimension);
  indices.forEach((cluster, row) => {
    for (let d = 0; d < dimension; d += 1) {
      const value = points[row * dimension + d] as number;
      sums[cluster * dimension + d]! += value;
      sizes[cluster * dimension + d]! += Math.abs(value);
    }
  });
  return { sums, sizes };
}

describeOnEveryBackend('clusterSums', () => {
  test.each([
    [1, 1, 1],
    [5, 9, 3],
    [700, 13, 20],
    [1000, 1, 7],
    [30_000, 3, 5],
  ])('of %d points in %d clusters and %d dimensions', (n, k, dimension) => {
    const before = tf.memory().numTensors;
    const points = sampleValues(n * dimension, { seed: 4 });
    // The last cluster stays empty where there is more than one.
    const indices = Int32Array.from({ length: n }, (_, row) => (row * 7) % Math.max(1, k - 1));
    const inputs = [tf.tensor2d(points, [n, dimension]), tf.tensor1d(indices, 'int32')] as const;
    const result = clusterSums(...inputs, k);
    expect([result.shape, result.dtype]).toEqual([[k, dimension], 'float32']);
    const { sums, sizes } = naiveSums(points, indices, k, dimension);
    result.dataSync().forEach((value, i) => {
      expect(Math.abs(value - (sums[i] as number))).toBeLessThanOrEqual(1e-5 * (sizes[i] as number));
    });
    tf.dispose([...inputs, result]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('in the order of the points, whatever else there is, to the last digit', () => {
    // Only torch and JavaScript add up in double precision.
    if (tf.getBackend() === 'wasm') return;
    // In single precision the ones would be lost beside the large number, or not, depending on the order.
    const [large, ones] = [2 ** 25, 100];
    const points = Float32Array.from(
      { length: 3 * ones },
      (_, row) => [large, 1, -large][Math.floor(row / ones)]!,
    );
    const result = tf.tidy(() =>
      clusterSums(tf.tensor2d(points, [points.length, 1]), tf.fill<Rank.R1>([points.length], 2, 'int32'), 4),
    );
    expect([...result.dataSync()]).toEqual([0, 0, ones, 0]);
    result.dispose();
  });

  test('no points', () => {
    const result = tf.tidy(() => clusterSums(tf.zeros<Rank.R2>([0, 3]), tf.zeros<Rank.R1>([0], 'int32'), 2));
    expect([result.shape, [...result.dataSync()]]).toEqual([
      [2, 3],
      [0, 0, 0, 0, 0, 0],
    ]);
    result.dispose();
  });

  test.each([
    ['an index too few', () => [tf.ones([3, 2]), tf.zeros([2], 'int32'), 1], 'INVALID_SHAPE'],
    ['a vector of points', () => [tf.ones([3]), tf.zeros([3], 'int32'), 1], 'INVALID_SHAPE'],
    ['indices that are floats', () => [tf.ones([3, 2]), tf.zeros([3]), 1], 'INVALID_DTYPE'],
    ['integer points', () => [tf.ones([3, 2], 'int32'), tf.zeros([3], 'int32'), 1], 'INVALID_DTYPE'],
    ['no clusters', () => [tf.ones([3, 2]), tf.zeros([3], 'int32'), 0], 'INVALID_OPTION'],
    ['half a cluster', () => [tf.ones([3, 2]), tf.zeros([3], 'int32'), 1.5], 'INVALID_OPTION'],
  ])('refuses %s', (_, inputs, code) => {
    tf.tidy(() => {
      const args = inputs() as [Tensor2D, Tensor1D, number];
      expect(() => clusterSums(...args)).toThrow(expect.objectContaining({ code }));
    });
  });
});
