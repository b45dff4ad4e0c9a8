import { expect, test } from '@jest/globals';
import { retrieve, type RetrieveOptions } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from '../engines.js';
import { matrix, uniform } from '../points.js';

const N = 70;
const D = 6;
const values = Float32Array.from(uniform(N * D, 7));

function naive(query: number, count: number) {
  const row = (i: number) => [...values.subarray(i * D, (i + 1) * D)];
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
