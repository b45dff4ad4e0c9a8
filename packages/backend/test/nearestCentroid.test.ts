import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';

import { nearestCentroid } from '../src/index.js';
import { describeOnEveryBackend } from './availableBackends.js';
import { relativeError, sampleValues } from './numericGradient.js';

/** Every pair compared in float64; the first of equally near ones wins. */
function naiveNearest(points: ArrayLike<number>, centroids: ArrayLike<number>, dimension: number) {
  const rows = <T>(values: ArrayLike<number>, f: (at: (d: number) => number) => T): T[] =>
    Array.from({ length: values.length / dimension }, (_, row) =>
      f((d) => values[row * dimension + d] as number),
    );
  return rows(points, (point) => {
    const distances = rows(centroids, (centroid) => {
      let distance = 0;
      for (let d = 0; d < dimension; d += 1) distance += (point(d) - centroid(d)) ** 2;
      return distance;
    });
    const distance = Math.min(...distances);
    return { index: distances.indexOf(distance), distance, distances };
  });
}

function compare(points: Float32Array, centroids: Float32Array, dimension: number, tolerance = 1e-5): void {
  const before = tf.memory().numTensors;
  const [p, c] = [points, centroids].map((values) =>
    tf.tensor2d(values, [values.length / dimension, dimension]),
  );
  const { indices, squaredDistances } = nearestCentroid(p as Tensor2D, c as Tensor2D);
  expect([indices.dtype, squaredDistances.dtype]).toEqual(['int32', 'float32']);
  const expected = naiveNearest(points, centroids, dimension);
  const found = indices.dataSync();
  expected.forEach(({ index, distance, distances }, row) => {
    // Where float32 cannot tell two distances apart, either may be nearest.
    if (found[row] !== index) expect(distances[found[row] as number]).toBeLessThan(distance * (1 + 1e-5));
  });
  expect(
    relativeError(
      squaredDistances.dataSync(),
      expected.map(({ distance }) => distance),
    ),
  ).toBeLessThan(tolerance);
  tf.dispose([p, c, indices, squaredDistances]);
  expect(tf.memory().numTensors).toBe(before);
}

describeOnEveryBackend('nearestCentroid', () => {
  test.each([
    [1, 1, 1],
    [1, 7, 3],
    [50, 1, 4],
    [300, 40, 16],
    [257, 33, 128],
  ])('of %d points among %d centroids in %d dimensions', (n, k, dimension) => {
    compare(sampleValues(n * dimension, { seed: 1 }), sampleValues(k * dimension, { seed: 2 }), dimension);
  });

  test('distances near zero keep their digits, however far from the origin', () => {
    // Steps of 1/64 around 300 are exact in float32, and the expansion would lose them altogether.
    const centroids = Float32Array.from(
      sampleValues(20 * 8, { seed: 3 }),
      (value) => 300 + Math.round(value * 64) / 64,
    );
    const points = Float32Array.from(centroids, (value, index) => value + (index % 8 === 0 ? 1 / 64 : 0));
    compare(points, centroids, 8, 1e-6);
  });

  test.each([1, 3, 17, 64])(
    'points and centroids of very different lengths in %d dimensions',
    (dimension) => {
      const spread = (count: number, seed: number) =>
        sampleValues(count * dimension, { seed }).map(
          (value, index) => value * 10 ** (-6 + (Math.floor(index / dimension) % 13)),
        );
      compare(spread(130, 5), spread(39, 6), dimension, 1e-4);
    },
  );

  test('centroids too close for their products to tell apart', () => {
    // All lie within 1e-4 of each other, a thousand times closer than the points are to them.
    const dimension = 24;
    const around = (count: number, seed: number, width: number) =>
      sampleValues(count * dimension, { seed }).map(
        (value, index) => Math.sin(index % dimension) + width * value,
      );
    compare(around(90, 7, 0.1), around(33, 8, 1e-4), dimension);
  });

  test('of equally near centroids the first is taken', () => {
    const centroids = tf.tensor2d([
      [2, 0],
      [0, 2],
      [-2, 0],
      [0, 2],
      [2, 0],
    ]);
    const points = tf.tensor2d([
      [0, 0],
      [0, 3],
      [3, 0],
      [1, 1],
    ]);
    const { indices, squaredDistances } = nearestCentroid(points, centroids);
    expect([...indices.dataSync()]).toEqual([0, 1, 0, 0]);
    expect([...squaredDistances.dataSync()]).toEqual([4, 1, 1, 2]);
    tf.dispose([centroids, points, indices, squaredDistances]);
  });

  test('all centroids alike', () => {
    const centroids = tf.ones<Rank.R2>([40, 3]);
    const points = tf.tensor2d([
      [1, 1, 1],
      [0, 0, 0],
      [2, 1, 1],
    ]);
    const { indices, squaredDistances } = nearestCentroid(points, centroids);
    expect([...indices.dataSync()]).toEqual([0, 0, 0]);
    expect([...squaredDistances.dataSync()]).toEqual([0, 3, 1]);
    tf.dispose([centroids, points, indices, squaredDistances]);
  });

  test('where squares overflow, the distances of torch tell', () => {
    // The others fall back on comparing all differences, of which those to the nearest do not overflow.
    if (tf.getBackend() !== 'torch') return;
    const points = tf.tensor2d([
      [1e30, 0],
      [-1e30, 0],
      [1, 2],
    ]);
    const { indices, squaredDistances } = nearestCentroid(points, tf.slice(points, 0, 2));
    expect([...squaredDistances.dataSync()].slice(0, 2).every(Number.isFinite)).toBe(false);
    tf.dispose([points, indices, squaredDistances]);
  });

  test('no points', () => {
    const { indices, squaredDistances } = nearestCentroid(
      tf.zeros<Rank.R2>([0, 3]),
      tf.ones<Rank.R2>([2, 3]),
    );
    expect([indices.shape, squaredDistances.shape, indices.dtype]).toEqual([[0], [0], 'int32']);
  });

  test('more points than one block holds', () => {
    const [n, side] = [700, 45];
    const k = side * side;
    const onGrid = (index: number) => [index % side, Math.floor(index / side)];
    const centroids = tf.tensor2d(Array.from({ length: k }, (_, index) => onGrid(index)).flat(), [k, 2]);
    const points = tf.tensor2d(
      Array.from({ length: n }, (_, row) => onGrid(row % k).map((value) => value + 0.25)).flat(),
      [n, 2],
    );
    const { indices, squaredDistances } = nearestCentroid(points, centroids);
    expect([...indices.dataSync()]).toEqual(Array.from({ length: n }, (_, row) => row % k));
    expect(new Set(squaredDistances.dataSync())).toEqual(new Set([0.125]));
    tf.dispose([points, centroids, indices, squaredDistances]);
  });

  test.each([
    ['different dimensions', () => [tf.ones([2, 3]), tf.ones([2, 4])], 'INVALID_SHAPE'],
    ['no centroids', () => [tf.ones([2, 3]), tf.zeros([0, 3])], 'INVALID_SHAPE'],
    ['vectors', () => [tf.ones([3]), tf.ones([3])], 'INVALID_SHAPE'],
    ['integers', () => [tf.ones([2, 3], 'int32'), tf.ones([2, 3])], 'INVALID_DTYPE'],
  ])('refuses %s', (_, inputs, code) => {
    tf.tidy(() => {
      const [points, centroids] = inputs() as [Tensor2D, Tensor2D];
      expect(() => nearestCentroid(points, centroids)).toThrow(expect.objectContaining({ code }));
    });
  });
});
