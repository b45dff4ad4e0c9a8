import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import {
  averagePrecision,
  linearSvm,
  type LabelledFeatures,
  type LinearSvmOptions,
} from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { stratifiedFolds } from '../../src/svm/stratifiedFolds.js';
import { expectNoTensorsKept } from '../expectNoTensorsKept.js';
import { samplesOf, svmFixture } from './svmFixture.js';

beforeAll(() => useBackend('wasm', { log: () => undefined }));
expectNoTensorsKept();

async function withSamples<T>(
  use: (train: LabelledFeatures, held: LabelledFeatures) => Promise<T>,
): Promise<T> {
  const [train, held] = [samplesOf(svmFixture.train), samplesOf(svmFixture.test)];
  try {
    return await use(train, held);
  } finally {
    tf.dispose([train.features, held.features]);
  }
}

const evaluated = (options: LinearSvmOptions) =>
  withSamples((train, held) => linearSvm(train, held, { normalize: false, ...options }));

test('folds are those of scikit-learn', () => {
  expect(Array.from(stratifiedFolds(svmFixture.train.labels, 3))).toEqual(svmFixture.folds);
});

test('classes of any order get folds of equal size', () => {
  const folds = stratifiedFolds([2, 0, 0, 2, 1, 1, 0], 2);
  expect(Array.from(folds).filter((fold) => fold === 0)).toHaveLength(4);
  for (const label of [0, 1, 2]) {
    const own = Array.from(folds).filter((_, i) => [2, 0, 0, 2, 1, 1, 0][i] === label);
    expect(new Set(own).size).toBe(2);
  }
});

describe('linearSvm', () => {
  test.each(svmFixture.fits)('ranks as scikit-learn does at C = $cost, weights $weight', async (expected) => {
    const { cost, weight: classWeight } = expected;
    const { averagePrecisions, scores } = await evaluated({ cost, classWeight, averagePrecision: 'step' });
    const mean = expected.averagePrecisions.reduce((a, b) => a + b) / svmFixture.classes;
    expect(Math.abs(scores.meanAveragePrecision - mean)).toBeLessThan(0.001);
    averagePrecisions.forEach((value, c) => {
      expect(Math.abs(value - expected.averagePrecisions[c]!)).toBeLessThan(0.003);
    });
    const predicted = svmFixture.test.labels.map((_, row) => {
      const own = expected.scores.map((list) => list[row]!);
      return own.indexOf(Math.max(...own));
    });
    const correct = predicted.filter((label, row) => label === svmFixture.test.labels[row]);
    expect(Math.abs(scores.accuracy! - correct.length / predicted.length)).toBeLessThan(0.011);
  });

  test('chooses the costs that cross-validation by scikit-learn chooses', async () => {
    const { costs, choices } = svmFixture.crossValidation;
    const result = await evaluated({ cost: costs });
    result.costs.forEach((cost, c) => {
      const { means } = choices[c]!;
      // Costs whose mean precisions differ by less than the solvers do are equally good.
      expect(means[costs.indexOf(cost)]!).toBeGreaterThan(Math.max(...means) - 0.002);
    });
  });

  test('averages the precisions of the classes that held-out images show', async () => {
    const labels = { classes: 3, values: [1, -1, -1, -1, 1, -1, 1, -1, -1, -1, 1, 1] };
    const held = { classes: 3, values: [1, -1, 1, -1, -1, -1, 0, -1, -1] };
    const train = { features: tf.tensor2d([3, 0, 0, 3, 3, 1, 1, 3], [4, 2]), labels };
    const test = { features: tf.tensor2d([2, 0, 0, 2, 1, 1], [3, 2]), labels: held };
    const { averagePrecisions, scores, testScores, settings } = await linearSvm(train, test, { cost: 1 });
    expect(averagePrecisions[0]).toBe(1);
    expect(averagePrecisions[1]).toBeNaN();
    const third = [0, 1, 2].map((row) => testScores[3 * row + 2]!);
    expect(averagePrecisions[2]).toBe(averagePrecision(third, [1, -1, -1]));
    expect(scores).toEqual({ meanAveragePrecision: (1 + averagePrecisions[2]!) / 2 });
    expect(settings).toMatchObject({ cost: 1, positiveWeight: 2, negativeWeight: 1, normalize: true });
    tf.dispose([train.features, test.features]);
  });

  test.each([1e-41, 1e-30, 1e-7, 1e12, 1e30])('by default takes features of any scale: %s', async (scale) => {
    await withSamples(async (train, held) => {
      const expected = await linearSvm(train, held, { cost: 1 });
      const times = [train, held].map(({ features, labels }) => ({
        features: tf.mul<tf.Tensor2D>(features, scale),
        labels,
      }));
      const result = await linearSvm(times[0]!, times[1]!, { cost: 1 });
      tf.dispose(times.map(({ features }) => features));
      expect(Math.abs(result.scores.accuracy! - expected.scores.accuracy!)).toBeLessThan(0.02);
      result.testScores.forEach((score, i) =>
        expect(Math.abs(score - expected.testScores[i]!)).toBeLessThan(0.02),
      );
    });
  });

  test('as they are, features whose squares overflow are refused', async () => {
    await withSamples(async (train, held) => {
      const huge = { ...train, features: tf.mul<tf.Tensor2D>(train.features, 1e25) };
      const options = { cost: 1, normalize: false };
      await expect(linearSvm(huge, held, options)).rejects.toMatchObject({ code: 'NON_FINITE_FEATURES' });
      huge.features.dispose();
    });
  });

  test('without a held-out image of what it has learned there is nothing to judge by', async () => {
    await withSamples(async (train, held) => {
      const others = { ...held, labels: new Int32Array(held.features.shape[0]).fill(9) };
      await expect(linearSvm(train, others, { cost: 1 })).rejects.toMatchObject({ code: 'EMPTY_SPLIT' });
    });
  });

  test('names the class that has too few samples for its folds', async () => {
    await withSamples(async (train, held) => {
      const rare = Int32Array.from(svmFixture.train.labels, (label) => 7 + Math.min(label, 2));
      rare[0] = 40;
      rare[1] = 40;
      await expect(linearSvm({ ...train, labels: rare }, held)).rejects.toMatchObject({
        code: 'TOO_FEW_SAMPLES',
        message: expect.stringMatching(/class 40 .*Pass one cost, or folds: 2\.$/),
      });
    });
  });

  test('by default does not look at the length of features', async () => {
    await withSamples(async (train, held) => {
      const options = { cost: 1 };
      const expected = await linearSvm(train, held, options);
      const longer = tf.mul<tf.Tensor2D>(train.features, 1000);
      const result = await linearSvm({ ...train, features: longer }, held, options);
      longer.dispose();
      result.testScores.forEach((score, i) => expect(score).toBeCloseTo(expected.testScores[i]!, 2));
    });
  });

  test.each<[LinearSvmOptions, string]>([
    [{ cost: [] }, 'INVALID_OPTION'],
    [{ cost: [1, -1] }, 'INVALID_OPTION'],
    [{ cost: [1, 2], folds: 1 }, 'INVALID_OPTION'],
    [{ cost: [1, 2], folds: 100 }, 'TOO_FEW_SAMPLES'],
    [{ iterations: 0.5 }, 'INVALID_OPTION'],
  ])('refuses %p', async (options, code) => {
    await expect(evaluated(options)).rejects.toMatchObject({ code });
  });

  test('refuses sets that do not fit each other', async () => {
    await withSamples(async (train, held) => {
      const narrow = tf.ones<tf.Rank.R2>([1, 2]);
      const other = { features: narrow, labels: Int32Array.of(0) };
      await expect(linearSvm(train, other)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
      const multi = { ...held, labels: { classes: 2, values: new Int8Array(200) } };
      await expect(linearSvm(train, multi)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
      const none = { features: tf.zeros<tf.Rank.R2>([0, 7]), labels: new Int32Array(0) };
      await expect(linearSvm(train, none)).rejects.toMatchObject({ code: 'EMPTY_SPLIT' });
      tf.dispose([narrow, none.features]);
    });
  });
});
