import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';
import { trustworthiness } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from '../engines.js';
import { groupedPoints, matrix, type Groups } from '../points.js';

const fixture = JSON.parse(
  await readFile(new URL('../fixtures/tsne.json', import.meta.url), 'utf8'),
) as Groups & { readonly firstTwoDimensions: Readonly<Record<string, number>> };

describeOnEveryEngine('trustworthiness', () => {
  test.each(Object.entries(fixture.firstTwoDimensions))(
    'of the first two dimensions is that of scikit-learn, with %s neighbours',
    async (neighbours, expected) => {
      const x = matrix(groupedPoints(fixture), fixture.dimension);
      const y = tf.slice(x, [0, 0], [fixture.n, 2]);
      const before = tf.memory().numTensors;
      const found = await trustworthiness(x, y, { neighbours: Number(neighbours) });
      expect(tf.memory().numTensors).toBe(before);
      expect(found).toBeCloseTo(expected, 5);
      tf.dispose([x, y]);
    },
  );

  test.each([2 ** -100, 2 ** 100])('does not depend on the scale of features, such as %s', async (scale) => {
    const x = matrix(groupedPoints(fixture), fixture.dimension);
    const [y, scaled] = [tf.slice(x, [0, 0], [fixture.n, 2]), tf.mul<tf.Tensor2D>(x, scale)];
    expect(await trustworthiness(scaled, y)).toBeCloseTo(await trustworthiness(x, y), 10);
    tf.dispose([x, y, scaled]);
  });

  test('of the features themselves is 1', async () => {
    const x = matrix(groupedPoints({ n: 60, dimension: 8, groups: 4, noise: 1 }), 8);
    expect(await trustworthiness(x, x)).toBe(1);
    x.dispose();
  });

  test.each([
    ['NaN', () => tf.fill([12, 3], NaN), () => tf.ones([12, 2]), 'NON_FINITE_FEATURES'],
    ['an embedding of Inf', () => tf.ones([12, 3]), () => tf.fill([12, 2], Infinity), 'NON_FINITE_FEATURES'],
    ['other numbers of points', () => tf.ones([12, 3]), () => tf.ones([11, 2]), 'INVALID_SHAPE'],
    ['few points', () => tf.ones([10, 3]), () => tf.ones([10, 2]), 'TOO_FEW_SAMPLES'],
    ['no points', () => tf.zeros([0, 3]), () => tf.zeros([0, 2]), 'EMPTY_SPLIT'],
  ])('refuses %s', async (_, features, embedding, code) => {
    const [x, y] = [features() as tf.Tensor2D, embedding() as tf.Tensor2D];
    const before = tf.memory().numTensors;
    await expect(trustworthiness(x, y)).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, y]);
  });
});
