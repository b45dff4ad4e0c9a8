import { describe, expect, test } from '@jest/globals';
import { fitLinearSvm, linearSvm, type FitLinearSvmOptions, type Labels } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from '../engines.js';
import { expectNoTensorsKept } from '../expectNoTensorsKept.js';
import { samplesOf, svmFixture } from './svmFixture.js';

/** One SVM of features as they are, where the defaults choose among costs. */
const plain = { cost: 1, classWeight: { positive: 1, negative: 1 }, normalize: false } as const;

/** The minimum of ½|w|² + ½ weight Σ (y - x·w)², by Gauss-Seidel steps in float64. */
function ridge(rows: readonly number[][], targets: readonly number[], weight: number): number[] {
  const size = rows[0]!.length;
  const w = new Array<number>(size).fill(0);
  for (let sweep = 0; sweep < 1000; sweep++) {
    for (let i = 0; i < size; i++) {
      let [right, left] = [0, 1];
      for (const [row, x] of rows.entries()) {
        const others = x.reduce((sum, value, j) => (j === i ? sum : sum + value * w[j]!), 0);
        right += weight * x[i]! * (targets[row]! - others);
        left += weight * x[i]! ** 2;
      }
      w[i] = right / left;
    }
  }
  return w;
}

describeOnEveryEngine('fitLinearSvm', () => {
  expectNoTensorsKept();

  test.each(svmFixture.fits)('has scikit-learn’s minimum at C = $cost, weights $weight', async (expected) => {
    const train = samplesOf(svmFixture.train);
    const held = samplesOf(svmFixture.test);
    const { cost, weight } = expected;
    const model = await fitLinearSvm(train, { ...plain, cost, classWeight: weight });
    const scores = model.score(held.features);
    const rows = scores.arraySync();
    tf.dispose([train.features, held.features, scores]);
    expect(Array.from(model.classes)).toEqual([0, 1, 2, 3]);
    expect(model.converged).toBe(true);
    for (const [c, objective] of expected.objectives.entries()) {
      expect(Math.abs(model.objectives[c]! / objective - 1)).toBeLessThan(1e-4);
      expect(model.gaps[c]).toBeLessThan(1e-4);
      rows.forEach((row, i) => expect(Math.abs(row[c]! - expected.scores[c]![i]!)).toBeLessThan(0.02));
    }
  });

  test.each([2 ** -16, 1e-4, 1e-9])('at small costs it has weights, at C = %s', async (cost) => {
    const rows = [
      [1, 0],
      [0.8, 0.6],
      [0.6, 0.8],
      [0, 1],
      [0.28, 0.96],
      [0.96, 0.28],
    ];
    const values = [1, 1, -1, -1, -1, 1];
    const features = tf.tensor2d(rows);
    const model = await fitLinearSvm({ features, labels: { classes: 1, values } }, { ...plain, cost });
    // All samples are within the margin, where the losses are squares: 2C Σ x (y - x·w), as good as 2C Σ x y.
    const expected = ridge(
      rows.map((row) => [...row, 1]),
      values,
      2 * cost,
    );
    const found = [...model.weights, ...model.biases];
    const norm = Math.hypot(...expected);
    expect(Math.hypot(...found.map((value, i) => value - expected[i]!)) / norm).toBeLessThan(0.01);
    expect(model.converged).toBe(true);
    const scores = model.score(features);
    const ranked = [...scores.dataSync()].map((score, i) => [score, values[i]!] as const);
    ranked.sort(([a], [b]) => b - a);
    expect(ranked.map(([, value]) => value)).toEqual([1, 1, 1, -1, -1, -1]);
    tf.dispose([features, scores]);
  });

  test('where features tell nothing the weights stay nothing, and that has converged', async () => {
    const alike = tf.fill<tf.Rank.R2>([9, 3], 0.3);
    const labels = { classes: 1, values: [1, -1, 1, -1, 1, -1, 1, -1, 0] };
    const model = await fitLinearSvm({ features: alike, labels }, { ...plain, cost: 1e-6 });
    expect(Math.hypot(...model.weights)).toBeLessThan(1e-9);
    expect(model.converged).toBe(true);
    alike.dispose();
  });

  test('the gap bounds how far the objective is from its minimum', async () => {
    const train = samplesOf(svmFixture.train);
    const { objectives: exact } = svmFixture.fits.find(
      ({ cost, weight }) => cost === 1 && weight !== 'balanced' && weight.positive === 1,
    )!;
    for (let iterations = 1; iterations < 4; iterations++) {
      const model = await fitLinearSvm(train, { ...plain, iterations, tolerance: 1e-9 });
      for (const [c, objective] of model.objectives.entries()) {
        const distance = (objective - exact[c]!) / objective;
        expect(distance).toBeGreaterThan(-1e-6);
        expect(model.gaps[c]).toBeGreaterThan(distance - 1e-6);
      }
    }
    train.features.dispose();
  });
});

describe('fitLinearSvm', () => {
  test('leaves hard images out, or takes them as images without the class', async () => {
    const features = tf.tensor2d([-2, -1, 1, 2, 5], [5, 1]);
    const multi = (last: number) => ({ features, labels: { classes: 1, values: [-1, -1, 1, 1, last] } });
    const without = tf.slice(features, [0, 0], [4, 1]);
    const expected = await fitLinearSvm(
      { features: without, labels: { classes: 1, values: [-1, -1, 1, 1] } },
      plain,
    );
    const ignored = await fitLinearSvm(multi(0), plain);
    expect(ignored.weights[0]).toBeCloseTo(expected.weights[0]!, 4);
    const negative = await fitLinearSvm(multi(0), { ...plain, difficult: 'negative' });
    const known = await fitLinearSvm(multi(-1), plain);
    expect(negative.weights[0]).toBeCloseTo(known.weights[0]!, 5);
    expect(negative.weights[0]).toBeLessThan(ignored.weights[0]! / 2);
    tf.dispose([features, without]);
  });

  test('has the options and defaults of linearSvm, and its machines', async () => {
    const [train, held] = [samplesOf(svmFixture.train), samplesOf(svmFixture.test)];
    const { model, testScores } = await linearSvm(train, held);
    const machines = await fitLinearSvm(train);
    expect(JSON.stringify(machines)).toBe(JSON.stringify(model));
    const again = await fitLinearSvm(train, { cost: { perClass: machines.costs } });
    expect(again.costs).toEqual(machines.costs);
    again.weights.forEach((weight, i) => expect(weight).toBeCloseTo(machines.weights[i]!, 5));
    // Both score features as they come.
    const scores = machines.score(held.features);
    expect(await scores.data()).toEqual(testScores);
    const others = model.score(held.features);
    expect(await others.data()).toEqual(testScores);
    tf.dispose([train.features, held.features, scores, others]);
  });

  test('classes that all or none of the samples have are left out', async () => {
    const features = tf.tensor2d([-2, -1, 1, 2], [4, 1]);
    const values = [1, -1, -1, 1, -1, -1, 1, 1, -1, 1, 1, -1];
    const model = await fitLinearSvm({ features, labels: { classes: 3, values } }, plain);
    expect(Array.from(model.classes)).toEqual([1]);
    features.dispose();
  });

  const pair = () => tf.tensor2d([0, 1, 1, 0], [2, 2]);
  const classes = Int32Array.of(0, 1);
  test.each<[string, () => tf.Tensor, Labels, FitLinearSvmOptions, string]>([
    ['one class', pair, Int32Array.of(3, 3), {}, 'ONE_CLASS'],
    ['too few labels', pair, Int32Array.of(3), {}, 'INVALID_SHAPE'],
    ['labels below 0', pair, Int32Array.of(0, -1), {}, 'INVALID_LABELS'],
    ['labels that are neither 1, 0 nor -1', pair, { classes: 1, values: [1, 2] }, {}, 'INVALID_LABELS'],
    ['too few rows of labels', pair, { classes: 2, values: [1, -1] }, {}, 'INVALID_SHAPE'],
    ['NaN', () => tf.tensor2d([0, NaN], [2, 1]), classes, {}, 'NON_FINITE_FEATURES'],
    ['Infinity', () => tf.tensor2d([0, Infinity], [2, 1]), classes, {}, 'NON_FINITE_FEATURES'],
    ['integers', () => tf.tensor2d([0, 1], [2, 1], 'int32'), classes, {}, 'INVALID_DTYPE'],
    ['no samples', () => tf.zeros([0, 2]), new Int32Array(0), {}, 'EMPTY_SPLIT'],
    ['a cost of 0', pair, classes, { cost: 0 }, 'INVALID_OPTION'],
    ['costs for other classes', pair, classes, { cost: { perClass: [1, 1, 1] } }, 'INVALID_OPTION'],
    ['too few samples for folds', pair, classes, {}, 'TOO_FEW_SAMPLES'],
    ['no weight', pair, classes, { classWeight: { positive: 0, negative: 1 } }, 'INVALID_OPTION'],
    ['no steps', pair, classes, { iterations: 0 }, 'INVALID_OPTION'],
    ['no tolerance', pair, classes, { tolerance: 0 }, 'INVALID_OPTION'],
  ])('refuses %s', async (_, make, labels, options, code) => {
    const features = make() as tf.Tensor2D;
    const before = tf.memory().numTensors;
    await expect(fitLinearSvm({ features, labels }, options)).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });
});
