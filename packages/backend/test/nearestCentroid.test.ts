import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';

import { nearestCentroid, nearestCentroidSearch } from '../src/index.js';
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

/** The means of the points of each centroid; one without points stays where it was. */
function moved(points: Float32Array, centroids: Float32Array, indices: ArrayLike<number>, dimension: number) {
  const sums = new Float64Array(centroids.length);
  const sizes = new Float64Array(centroids.length / dimension);
  for (let row = 0; row < indices.length; row += 1) {
    sizes[indices[row]!]! += 1;
    for (let d = 0; d < dimension; d += 1)
      sums[indices[row]! * dimension + d]! += points[row * dimension + d]!;
  }
  return centroids.map((value, at) => {
    const size = sizes[Math.floor(at / dimension)]!;
    return size === 0 ? value : sums[at]! / size;
  });
}

interface Steps {
  readonly points: Float32Array;
  readonly centroids: Float32Array;
  readonly dimension: number;
  readonly steps?: number;
  /** What happens to the centroids besides, such as a split. */
  readonly disturb?: (centroids: Float32Array, step: number) => Float32Array;
}

/** Every step of a search is what the same step finds by itself, to the bit. */
function compareSteps({ points, dimension, steps = 12, disturb = (same) => same, ...given }: Steps): void {
  const before = tf.memory().numTensors;
  const x = tf.tensor2d(points, [points.length / dimension, dimension]);
  const search = nearestCentroidSearch(x);
  let centroids = given.centroids;
  for (let step = 0; step < steps; step += 1) {
    const c = tf.tensor2d(centroids, [centroids.length / dimension, dimension]);
    const [found, expected] = [search.find(c), nearestCentroid(x, c)];
    const indices = found.indices.dataSync();
    expect(indices).toEqual(expected.indices.dataSync());
    expect(found.squaredDistances.dataSync()).toEqual(expected.squaredDistances.dataSync());
    tf.dispose([c, { ...found }, { ...expected }]);
    centroids = disturb(moved(points, centroids, indices, dimension), step);
  }
  search.dispose();
  x.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

/** `count` rows of the points, from one place on. */
function rowsFrom(points: Float32Array, dimension: number, first: number, count: number): Float32Array {
  return points.slice(first * dimension, (first + count) * dimension);
}

describeOnEveryBackend('nearestCentroidSearch', () => {
  test.each([
    [600, 70, 24],
    [700, 90, 3],
    [300, 5, 128],
    [260, 300, 2],
    [30, 1, 5],
  ])('%d points, %d centroids, %d dimensions', (n, k, dimension) => {
    const points = sampleValues(n * dimension, { seed: 11 });
    compareSteps({ points, dimension, centroids: rowsFrom(points, dimension, 0, Math.min(n, k)) });
  });

  test('far from 0, where float32 has few digits left', () => {
    const points = sampleValues(400 * 16, { seed: 12 }).map((value) => 1e4 + value);
    compareSteps({ points, dimension: 16, centroids: rowsFrom(points, 16, 20, 40) });
  });

  test.each([1e-18, 1e-12, 1e12])('values of about %d', (scale) => {
    const points = sampleValues(300 * 8, { seed: 13 }).map((value) => value * scale);
    compareSteps({ points, dimension: 8, centroids: rowsFrom(points, 8, 0, 33) });
  });

  test('points and centroids of very different lengths', () => {
    const points = sampleValues(400 * 6, { seed: 14 }).map(
      (value, at) => value * 10 ** (-6 + (Math.floor(at / 6) % 13)),
    );
    compareSteps({ points, dimension: 6, centroids: rowsFrom(points, 6, 0, 40) });
  });

  test('copies of points, and centroids that are equally near', () => {
    const points = sampleValues(500 * 4, { seed: 15 }).map((value) => Math.round(value * 2));
    compareSteps({ points, dimension: 4, centroids: rowsFrom(points, 4, 0, 50) });
  });

  test('centroids that jump, come back, and meet', () => {
    const points = sampleValues(500 * 10, { seed: 16 });
    const centroids = rowsFrom(points, 10, 0, 40);
    const disturb = (means: Float32Array, step: number) => {
      const changed = Float32Array.from(means);
      if (step % 3 === 0) changed.set(centroids.subarray(0, 30), 10 * step);
      if (step % 3 === 1) changed.copyWithin(20, 200, 210);
      return changed;
    };
    compareSteps({ points, dimension: 10, centroids, disturb });
  });

  test('another number of centroids begins anew', () => {
    const points = sampleValues(200 * 5, { seed: 17 });
    compareSteps({
      points,
      dimension: 5,
      centroids: rowsFrom(points, 5, 0, 20),
      disturb: (means, step) => (step === 4 ? means.slice(0, 60) : means),
    });
  });

  test('points and centroids that are not numbers', () => {
    const points = sampleValues(300 * 3, { seed: 18 });
    points[3] = NaN;
    points[7] = Infinity;
    compareSteps({ points, dimension: 3, centroids: rowsFrom(points, 3, 10, 30), steps: 3 });
  });

  test('inside a tidy its memory stays', () => {
    const points = tf.tensor2d(sampleValues(40, { seed: 19 }), [20, 2]);
    const search = nearestCentroidSearch(points);
    const find = () => tf.tidy(() => [...search.find(tf.slice(points, [0, 0], [4, 2])).indices.dataSync()]);
    expect(find()).toEqual(find());
    search.dispose();
    points.dispose();
  });

  test('refuses centroids of another dimension', () => {
    const points = tf.ones<Rank.R2>([4, 3]);
    const search = nearestCentroidSearch(points);
    expect(() => search.find(tf.ones([2, 4]))).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
    search.dispose();
  });
});
