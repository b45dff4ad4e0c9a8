import { expect, test } from '@jest/globals';
import { retrieve, type RetrieveOptions } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from '../engines.js';
import { matrix, uniform } from '../points.js';

const N = 70;
const D = 6;
const values = Float32Array.from(uniform(N * D, 7));

function naive(query: number, count: number, of = values) {
  const row = (i: number) => [...of.subarray(i * D, (i + 1) * D)];
  const length = (v: number[]) => Math.hypot(...v);
  return Array.from({ length: N }, (_, i) => ({
    i,
    similarity:
      row(i).reduce((sum, value, d) => sum + value * row(query)[d]!, 0) / length(row(i)) / length(row(query)),
  }))
    .filter(({ i }) => i !== query)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, count);
}

/** By the distances of directions, in float64. */
function naiveByDistance(query: number, count: number, of: Float32Array): number[] {
  const direction = (i: number) => {
    const row = [...of.subarray(i * D, (i + 1) * D)];
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  };
  const asked = direction(query);
  return Array.from({ length: N }, (_, i) => ({
    i,
    distance: Math.hypot(...direction(i).map((value, d) => value - asked[d]!)),
  }))
    .filter(({ i }) => i !== query)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ i }) => i);
}

describeOnEveryEngine('retrieve', () => {
  test('finds the most similar others of each query', async () => {
    const x = matrix(values, D);
    const before = tf.memory().numTensors;
    const found = await retrieve(x, [3, 69, 0, 3], { count: 7 });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    expect(found.map(({ query }) => query)).toEqual([3, 69, 0, 3]);
    for (const { query, indices, similarities } of found) {
      const expected = naive(query, 7);
      expect([...indices]).toEqual(expected.map(({ i }) => i));
      similarities.forEach((value, rank) => expect(value).toBeCloseTo(expected[rank]!.similarity, 5));
    }
  });

  test.each([30, 1e3, 1e4])('finds them where all have an offset of %s in common', async (offset) => {
    const shifted = values.map((value) => value + offset);
    const x = matrix(shifted, D);
    const before = tf.memory().numTensors;
    const found = await retrieve(x, [3, 69, 0], { count: 7 });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    for (const { query, indices, similarities } of found) {
      // Their squares add up to more digits than float64 has of a cosine as it is.
      expect([...indices]).toEqual(naiveByDistance(query, 7, shifted));
      similarities.forEach((value) => expect(value).toBeCloseTo(1, 3));
    }
  });

  test('a feature of zeros is similar to nothing, also beside features that are alike', async () => {
    const shifted = values.map((value, i) => (i < D ? 0 : value + 100));
    const x = matrix(shifted, D);
    const [zero, other] = await retrieve(x, [0, 5], { count: N - 1 });
    expect([...zero!.similarities].every((value) => Math.abs(value) < 1e-6)).toBe(true);
    expect(other!.indices.at(-1)).toBe(0);
    expect(other!.similarities.at(-1)).toBeCloseTo(0, 6);
    x.dispose();
  });

  test.each([1e-30, 1e30])('finds them whatever their scale, such as %s', async (scale) => {
    const [x, scaled] = [
      matrix(values, D),
      matrix(
        values.map((value) => value * scale),
        D,
      ),
    ];
    const [expected, found] = [await retrieve(x, [3, 40]), await retrieve(scaled, [3, 40])];
    tf.dispose([x, scaled]);
    found.forEach(({ indices, similarities }, i) => {
      expect([...indices]).toEqual([...expected[i]!.indices]);
      similarities.forEach((value, rank) => expect(value).toBeCloseTo(expected[i]!.similarities[rank]!, 5));
    });
  });

  test('zeros are similar to nothing', async () => {
    const x = tf.tensor2d([0, 0, 1, 0, -1, 0], [3, 2]);
    const [zero, one] = await retrieve(x, [0, 1], { count: 2 });
    expect([...zero!.similarities]).toEqual([0, 0]);
    expect([...one!.indices]).toEqual([0, 2]);
    x.dispose();
  });

  test.each([
    ['no queries', [], {}, 'EMPTY_SPLIT'],
    ['a query that is no sample', [N], {}, 'INVALID_OPTION'],
    ['more than there are', [0], { count: N }, 'TOO_FEW_SAMPLES'],
    ['none', [0], { count: 0 }, 'INVALID_OPTION'],
  ])('refuses %s', async (_, queries: number[], options: RetrieveOptions, code) => {
    const x = matrix(values, D);
    await expect(retrieve(x, queries, options)).rejects.toMatchObject({ code });
    x.dispose();
  });

  test('refuses NaN', async () => {
    const x = tf.fill<tf.Rank.R2>([20, 3], NaN);
    await expect(retrieve(x, [0])).rejects.toMatchObject({ code: 'NON_FINITE_FEATURES' });
    x.dispose();
  });
});
