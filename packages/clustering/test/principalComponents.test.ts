import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';
import { principalComponents } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';
import { matrix, uniform } from './points.js';

const { principalComponents: expected } = JSON.parse(
  await readFile(new URL('fixtures/clusterScores.json', import.meta.url), 'utf8'),
) as {
  readonly principalComponents: {
    readonly n: number;
    readonly size: number;
    readonly dimensions: number;
    readonly mean: readonly number[];
    readonly components: readonly (readonly number[])[];
    readonly variances: readonly number[];
    readonly whitened: readonly (readonly number[])[];
  };
};

function features(): tf.Tensor2D {
  const { n, size } = expected;
  const values = Array.from(uniform(n * size, 5), (value, i) => value * (1 + ((i % size) % 7)) + 3);
  return matrix(values, size);
}

describeOnEveryEngine('principalComponents', () => {
  test('are those of scikit-learn, up to their signs', async () => {
    const x = features();
    const before = tf.memory().numTensors;
    const { dimensions, size } = expected;
    const analysis = await principalComponents(x, { dimensions, whiten: true });
    const components = analysis.components.arraySync();
    const signs = components.map((row, i) => Math.sign(row[0]! * expected.components[i]![0]!));
    analysis.mean.dataSync().forEach((value, d) => expect(value).toBeCloseTo(expected.mean[d]!, 4));
    components.forEach((row, i) => {
      expect(row).toHaveLength(size);
      row.forEach((value, d) => expect(value * signs[i]!).toBeCloseTo(expected.components[i]![d]!, 3));
      const largest = row.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
      expect(largest).toBeGreaterThan(0);
      expect(analysis.variances[i]! / expected.variances[i]!).toBeCloseTo(1, 4);
    });
    const some = tf.slice(x, [0, 0], [5, size]);
    const whitened = analysis.transform(some);
    whitened.arraySync().forEach((row, r) => {
      row.forEach((value, i) => expect(value * signs[i]!).toBeCloseTo(expected.whitened[r]![i]!, 3));
    });
    tf.dispose([some, whitened]);
    analysis.dispose();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  test('whitened features have a variance of 1 and no correlation; others keep their variances', async () => {
    const x = features();
    const covariance = async (whiten: boolean) => {
      const analysis = await principalComponents(x, { dimensions: 3, whiten });
      const projected = analysis.transform(x);
      const products = tf.matMul<tf.Tensor2D>(projected, projected, true, false).arraySync();
      tf.dispose(projected);
      analysis.dispose();
      return products.map((row) => row.map((value) => value / (expected.n - 1)));
    };
    (await covariance(true)).forEach((row, i) => {
      row.forEach((value, j) => expect(value).toBeCloseTo(i === j ? 1 : 0, 3));
    });
    (await covariance(false)).forEach((row, i) => {
      row.forEach((value, j) => expect(value).toBeCloseTo(i === j ? expected.variances[i]! : 0, 2));
    });
    x.dispose();
  });

  test('more features than are looked at at a time give what they give together', async () => {
    const x = features();
    const { n, dimensions } = expected;
    const repeats = Math.ceil(2 ** 19 / n) + 1;
    const many = tf.tile(x, [repeats, 1]);
    const [few, all] = [
      await principalComponents(x, { dimensions }),
      await principalComponents(many, { dimensions }),
    ];
    const before = tf.memory().numTensors;
    const [one, projected] = [few.transform(x), all.transform(many)];
    expect(tf.memory().numTensors).toBe(before + 2);
    expect(projected.shape).toEqual([n * repeats, dimensions]);
    const wanted = one.dataSync();
    const last = tf.slice(projected, [n * (repeats - 1), 0]);
    last.dataSync().forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 3));
    all.variances.forEach((variance, i) => {
      const ratio = ((n - 1) * repeats) / (n * repeats - 1);
      expect(variance / (few.variances[i]! * ratio)).toBeCloseTo(1, 3);
    });
    tf.dispose([x, many, one, projected, last]);
    few.dispose();
    all.dispose();
  });

  test.each([1e-30, 1e-37, 1e12, 1e30, 1e37])(
    'do not depend on the scale of features: %s',
    async (factor) => {
      const x = features();
      const { dimensions } = expected;
      const times = tf.mul<tf.Tensor2D>(x, factor);
      for (const whiten of [false, true]) {
        const usual = await principalComponents(x, { dimensions, whiten });
        const analysis = await principalComponents(times, { dimensions, whiten });
        const [wanted, found] = [usual.transform(x), analysis.transform(times)];
        const values = found.dataSync();
        const unit = whiten ? 1 : factor;
        wanted.dataSync().forEach((value, i) => expect(values[i]! / unit).toBeCloseTo(value, 2));
        analysis.variances.forEach((variance, i) => {
          expect(variance / factor / factor / usual.variances[i]!).toBeCloseTo(1, 4);
        });
        const mean = analysis.mean.dataSync();
        usual.mean.dataSync().forEach((value, d) => expect(mean[d]! / factor).toBeCloseTo(value, 3));
        tf.dispose([wanted, found]);
        usual.dispose();
        analysis.dispose();
      }
      tf.dispose([x, times]);
    },
  );

  test('features without variance become zeros, whitened or not', async () => {
    const x = tf.ones<tf.Rank.R2>([6, 3]);
    const analysis = await principalComponents(x, { dimensions: 2, whiten: true });
    const projected = analysis.transform(x);
    expect([...projected.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    tf.dispose([x, projected]);
    analysis.dispose();
  });

  test.each([
    ['more components than values', () => tf.ones([9, 3]), 4, 'INVALID_OPTION'],
    ['more components than rows', () => tf.ones([2, 3]), 3, 'INVALID_OPTION'],
    ['no components', () => tf.ones([9, 3]), 0, 'INVALID_OPTION'],
    ['one row', () => tf.ones([1, 3]), 1, 'INVALID_SHAPE'],
    ['a vector', () => tf.ones([9]), 1, 'INVALID_SHAPE'],
    ['integers', () => tf.ones([9, 3], 'int32'), 1, 'INVALID_DTYPE'],
    ['NaN', () => tf.tensor2d([1, 2, 3, NaN], [2, 2]), 1, 'NON_FINITE_FEATURES'],
  ])('refuses %s', async (_, make, dimensions, code) => {
    const x = make() as tf.Tensor2D;
    const before = tf.memory().numTensors;
    await expect(principalComponents(x, { dimensions })).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  test('refuses to transform features of another size', async () => {
    const x = features();
    const analysis = await principalComponents(x, { dimensions: 2 });
    expect(() => analysis.transform(tf.ones([2, 4]))).toThrow(
      expect.objectContaining({ code: 'INVALID_SHAPE' }),
    );
    analysis.dispose();
    x.dispose();
  });
});
