import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { clusteringScores, type ClusteringScores } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

const { scores: expected } = JSON.parse(
  await readFile(new URL('../fixtures/clusteringScores.json', import.meta.url), 'utf8'),
) as { readonly scores: Readonly<Record<string, ClusteringScores['scores']>> };

/** Samples, and the cluster and class of each as functions of its index, as in tools/parity/clusteringScores.py. */
type Division = readonly [number, (i: number) => number, (i: number) => number];
const { floor } = Math;
const divisions: Readonly<Record<string, Division>> = {
  overlapping: [600, (i) => (i * 7) % 13, (i) => (i * i) % 10],
  'more clusters than classes': [900, (i) => (i * i + 3 * i) % 101, (i) => i % 7],
  'fewer clusters than classes': [900, (i) => (i * i) % 5, (i) => (i * 3) % 41],
  nested: [600, (i) => floor(i / 20), (i) => floor(i / 100)],
  'identical up to names': [600, (i) => ((i % 5) + 3) % 5, (i) => i % 5],
  independent: [600, (i) => i % 6, (i) => floor(i / 6) % 10],
  'one cluster': [600, () => 0, (i) => i % 4],
  'one sample': [1, () => 0, () => 0],
  'everything apart': [300, (i) => i, (i) => i % 7],
  'a thousand of each': [20_000, (i) => (i * i + floor(i / 7)) % 1000, (i) => (i * i + floor(i / 11)) % 997],
};

beforeAll(() => useBackend('wasm', { log: () => undefined }));

describe('clusteringScores', () => {
  test('takes arrays, typed arrays and tensors, which stay the caller’s', async () => {
    const [clusters, classes] = [
      [0, 0, 1, 1],
      [2, 2, 2, 0],
    ];
    const tensors = [tf.tensor1d(clusters, 'int32'), tf.tensor1d(classes, 'int32')] as const;
    const expected = await clusteringScores(clusters, classes);
    expect(await clusteringScores(Int8Array.from(clusters), Float64Array.from(classes))).toEqual(expected);
    const before = tf.memory().numTensors;
    expect(await clusteringScores(...tensors)).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(tensors as unknown as tf.Tensor[]);
  });

  test('the fixture has what the test makes', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(divisions));
  });

  test.each(Object.keys(divisions))('are those of scikit-learn and scipy: %s', async (name) => {
    const [n, cluster, label] = divisions[name]!;
    const assignments = Int32Array.from({ length: n }, (_, i) => cluster(i));
    const labels = Int32Array.from({ length: n }, (_, i) => label(i));
    const { scores, settings } = await clusteringScores(assignments, labels);
    for (const [score, value] of Object.entries(expected[name]!)) {
      expect(Math.abs(scores[score as keyof typeof scores] - value)).toBeLessThan(1e-9);
    }
    expect(settings).toEqual({
      samples: n,
      clusters: new Set(assignments).size,
      classes: new Set(labels).size,
    });
  });

  test('the best matching is worth more than each cluster taking what it can in turn', async () => {
    // Cluster 0 could take class 0 with 3 samples, but then cluster 1 would have none of its own.
    const assignments = [0, 0, 0, 0, 0, 1, 1];
    const labels = [0, 0, 0, 1, 1, 0, 0];
    expect((await clusteringScores(assignments, labels)).scores.hungarianAccuracy).toBeCloseTo(4 / 7, 12);
  });

  test('names do not matter', async () => {
    const assignments = Int32Array.of(7, 7, 7, 900, 900, -3);
    const labels = Uint8Array.of(1, 1, 0, 0, 0, 2);
    const renamed = assignments.map((cluster) => 5 - cluster);
    const { scores } = await clusteringScores(assignments, labels);
    Object.entries((await clusteringScores(renamed, labels)).scores).forEach(([name, value]) => {
      expect(value).toBeCloseTo(scores[name as keyof typeof scores], 12);
    });
    expect(scores.hungarianAccuracy).toBeCloseTo(5 / 6, 12);
  });

  test.each([
    ['nothing', [], [], 'EMPTY_SPLIT'],
    ['different lengths', [1, 2], [1], 'INVALID_SHAPE'],
    ['NaN', [0, NaN], [0, 1], 'INVALID_LABELS'],
    ['a class that is no whole number', [0, 1], [0, 0.5], 'INVALID_LABELS'],
  ])('refuses %s', async (_, assignments, labels, code) => {
    await expect(clusteringScores(assignments, labels)).rejects.toMatchObject({ code });
  });
});
