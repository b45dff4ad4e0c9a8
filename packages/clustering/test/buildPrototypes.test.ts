import { expect, test } from '@jest/globals';
import { buildPrototypes, concentration, kmeans, type PrototypeOptions } from '@protocl/clustering';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';
import { groupedPoints, matrix, naiveNearest } from './points.js';

const settings = { temperature: 0.2, seed: 5, redo: 1, iterations: 6, log: () => undefined };

function disposeAll(prototypes: Awaited<ReturnType<typeof buildPrototypes>>): void {
  for (const { centroids, concentration: spread } of prototypes) tf.dispose([centroids, spread]);
}

describeOnEveryEngine('buildPrototypes', () => {
  test('gives normalised centroids, assignments in the given order, and a concentration each', async () => {
    const [n, dimension] = [120, 6];
    const values = groupedPoints({ n, dimension, groups: 4, noise: 0.05 });
    const features = matrix(values, dimension);
    const before = tf.memory().numTensors;
    const prototypes = await buildPrototypes(features, { ...settings, granularities: [4, 9] });
    expect(prototypes.map(({ centroids }) => centroids.shape)).toEqual([
      [4, dimension],
      [9, dimension],
    ]);
    for (const { centroids, assignments, concentration: spread } of prototypes) {
      const rows = centroids.arraySync();
      for (const row of rows) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      expect([assignments.length, spread.shape]).toEqual([n, [rows.length]]);
      const spreads = [...spread.dataSync()];
      expect(spreads.every((value) => value > 0)).toBe(true);
      expect(spreads.reduce((sum, value) => sum + value, 0) / rows.length).toBeCloseTo(0.2, 5);
      // Groups are so narrow that the nearest direction is that of the own cluster's mean.
      const { indices } = naiveNearest(values, centroids.dataSync(), dimension);
      const same = assignments.filter((cluster, i) => cluster === indices[i]).length;
      expect(same / n).toBeGreaterThan(0.95);
    }
    disposeAll(prototypes);
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });

  test('the concentration is that of the distances before the centroids are normalised', async () => {
    const [n, dimension, k] = [90, 4, 5];
    const features = matrix(groupedPoints({ n, dimension, groups: 1, noise: 1 }), dimension);
    const [prototypes] = await buildPrototypes(features, { ...settings, granularities: [k] });
    // The same k-means by hand, in the order that the points are shuffled to.
    const order = randomStream({ seed: 5, purpose: 'prototypes: order' }).permutation(n);
    const seed = randomStream({ seed: 5, purpose: 'prototypes: granularity', step: 0 }).integers(
      1,
      2 ** 31,
    )[0]!;
    const shuffled = tf.gather(features, tf.tensor1d(order, 'int32'));
    const clusters = await kmeans(shuffled, { k, seed, redo: 1, iterations: 6 });
    const expected = concentration(clusters.distances, clusters.assignments, k, { temperature: 0.2 });
    expect([...prototypes!.concentration.dataSync()]).toEqual([...expected]);
    order.forEach((row, i) => {
      expect(prototypes!.assignments[row]).toBe(clusters.assignments[i]);
      expect(prototypes!.distances[row]).toBe(clusters.distances[i]);
    });
    tf.dispose([features, shuffled, clusters.centroids]);
    disposeAll([prototypes!]);
  });

  test('clusters of copies are as little concentrated as any, however many they are', async () => {
    // Six of twenty groups are fifteen copies of one point, one more is 300; the others are spread.
    const [dimension, k] = [16, 20];
    const spread = groupedPoints({ n: 15 * k, dimension, groups: k, noise: 0.1 });
    const copies = Float32Array.from(spread, (value, at) => {
      const row = Math.floor(at / dimension);
      return row % k < 6 ? spread[(row % k) * dimension + (at % dimension)]! : value;
    });
    const many = Array.from({ length: 300 }, () => [...spread.subarray(6 * dimension, 7 * dimension)]).flat();
    const features = matrix([...copies, ...many], dimension);
    // From a point of each group.
    const initial = tf.slice(features, [0, 0], [k, dimension]);
    const [prototypes] = await buildPrototypes(features, {
      ...settings,
      granularities: [k],
      initial: [initial],
      clip: [0, 100],
    });
    const spreads = prototypes!.concentration.dataSync();
    const ofCopies = Array.from(prototypes!.assignments.slice(0, 6), (cluster) => spreads[cluster]!);
    const largest = Math.max(...spreads);
    for (const value of ofCopies) expect(value / largest).toBeCloseTo(1, 5);
    expect(Math.min(...spreads)).toBeGreaterThan(0.2 / 20);
    tf.dispose([features, initial]);
    disposeAll([prototypes!]);
  });

  test('granularities of the same size differ, and the same call gives the same', async () => {
    const features = matrix(groupedPoints({ n: 80, dimension: 4, groups: 1, noise: 1 }), 4);
    const build = async () => {
      const prototypes = await buildPrototypes(features, { ...settings, granularities: [6, 6] });
      const found = prototypes.map(({ assignments }) => [...assignments]);
      disposeAll(prototypes);
      return found;
    };
    const [first, again] = [await build(), await build()];
    expect(first[0]).not.toEqual(first[1]);
    expect(again).toEqual(first);
    features.dispose();
  });

  test('starts from given centroids where there are some', async () => {
    const features = matrix(groupedPoints({ n: 80, dimension: 4, groups: 1, noise: 1 }), 4);
    const [warm] = await buildPrototypes(features, { ...settings, granularities: [5], iterations: 30 });
    const progress: { granularity: number; iteration: number; redos: number }[] = [];
    const options: PrototypeOptions = {
      ...settings,
      granularities: [3, 5],
      redo: 2,
      initial: [undefined, warm!.centroids],
      onProgress: ({ granularity, iteration, redos }) => progress.push({ granularity, iteration, redos }),
    };
    const prototypes = await buildPrototypes(features, options);
    expect(new Set(progress.map(({ granularity, redos }) => `${granularity}: ${redos}`))).toEqual(
      new Set(['0: 2', '1: 1']),
    );
    // They were settled, up to the normalisation.
    const same = prototypes[1]!.assignments.filter((cluster, i) => cluster === warm!.assignments[i]).length;
    expect(same).toBeGreaterThan(60);
    expect(warm!.centroids.isDisposed).toBe(false);
    disposeAll([...prototypes, warm!]);
    features.dispose();
  });

  test.each<[string, () => tf.Tensor2D, Partial<PrototypeOptions>, string]>([
    ['features that are not normalised', () => tf.ones([20, 3]), {}, 'NOT_NORMALIZED'],
    [
      'a row of zeros',
      () => tf.oneHot([0, 1, 5, 2], 3, 1, 0, 'float32') as tf.Tensor2D,
      {},
      'NOT_NORMALIZED',
    ],
    ['no granularity', () => tf.eye(4), { granularities: [] }, 'INVALID_OPTION'],
    ['a start too many', () => tf.eye(4), { initial: [undefined, undefined] }, 'INVALID_OPTION'],
    ['more clusters than samples', () => tf.eye(4), { granularities: [2, 5] }, 'TOO_FEW_POINTS'],
    ['a temperature of 0', () => tf.eye(4), { temperature: 0 }, 'INVALID_OPTION'],
  ])('refuses %s, and leaves nothing behind', async (_, make, options, code) => {
    const features = make();
    const before = tf.memory().numTensors;
    const building = buildPrototypes(features, { ...settings, granularities: [2], ...options });
    await expect(building).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });
});
