import { describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import { linearSweep, type LabelledFeatures, type LinearSweepOptions } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { splitValidation } from '../../src/linear/splitValidation.js';
import { SweptClassifiers } from '../../src/linear/sweptClassifiers.js';
import { describeOnEveryEngine } from '../engines.js';
import { expectNoTensorsKept } from '../expectNoTensorsKept.js';

const [CLASSES, SIZE] = [3, 5];

function scattered(count: number, seed: number) {
  const centers = randomStream({ seed: 1, purpose: 'centers' }).normal(CLASSES * SIZE);
  const random = randomStream({ seed, purpose: 'points' });
  const labels = random.integers(count, CLASSES);
  const values = random.normal(count * SIZE).map((value, i) => {
    return value + 1.5 * centers[labels[Math.floor(i / SIZE)]! * SIZE + (i % SIZE)]!;
  });
  return { values, labels };
}

function tensorsOf({ values, labels }: ReturnType<typeof scattered>): LabelledFeatures<Int32Array> {
  return { features: tf.tensor2d(values, [labels.length, SIZE]), labels };
}

async function swept(options: LinearSweepOptions) {
  const [train, held] = [tensorsOf(scattered(150, 2)), tensorsOf(scattered(90, 3))];
  try {
    return await linearSweep(train, held, options);
  } finally {
    tf.dispose([train.features, held.features]);
  }
}

/** SGD with momentum for one rate, written out. */
function naiveClassifier(rate: number, batches: { rows: number[][]; labels: number[]; share: number }[]) {
  const momentum = 0.9;
  const decay = 0.01;
  const weights = Array.from({ length: SIZE + 1 }, () => new Array<number>(CLASSES).fill(0));
  const motion = weights.map((row) => row.slice());
  for (const { rows, labels, share } of batches) {
    const slopes = weights.map((row, i) => row.map((weight) => (i < SIZE ? decay * weight : 0)));
    rows.forEach((row, b) => {
      const x = [...row, 1];
      const logits = weights[0]!.map((_, c) => x.reduce((sum, value, i) => sum + value * weights[i]![c]!, 0));
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      logits.forEach((logit, c) => {
        const error = Math.exp(logit) / total - (labels[b] === c ? 1 : 0);
        x.forEach((value, i) => (slopes[i]![c]! += (value * error) / rows.length));
      });
    });
    weights.forEach((row, i) =>
      row.forEach((_, c) => {
        motion[i]![c] = momentum * motion[i]![c]! + slopes[i]![c]!;
        row[c]! -= rate * share * motion[i]![c];
      }),
    );
  }
  return (row: number[]) => {
    const logits = weights[0]!.map((_, c) =>
      [...row, 1].reduce((sum, value, i) => sum + value * weights[i]![c]!, 0),
    );
    return logits.indexOf(Math.max(...logits));
  };
}

describeOnEveryEngine('SweptClassifiers', () => {
  expectNoTensorsKept();

  test('train as one after the other would', async () => {
    const { values, labels } = scattered(80, 4);
    const rows = Array.from(labels, (_, i) => [...values.slice(i * SIZE, (i + 1) * SIZE)]);
    const rates = [0.003, 0.1, 1.7];
    const batches = [0, 1, 2, 3].map((batch) => ({
      rows: rows.slice(batch * 15, (batch + 1) * 15),
      labels: [...labels.slice(batch * 15, (batch + 1) * 15)],
      share: 1 - batch / 5,
    }));
    const classifiers = new SweptClassifiers(SIZE, CLASSES, { rates, momentum: 0.9, weightDecay: 0.01 });
    for (const batch of batches) {
      const x = tf.tensor2d(batch.rows);
      classifiers.step(x, Int32Array.from(batch.labels), batch.share);
      x.dispose();
    }
    const features = tf.tensor2d(rows);
    const accuracies = await classifiers.accuracies(features, labels);
    features.dispose();
    classifiers.dispose();
    rates.forEach((rate, r) => {
      const predict = naiveClassifier(rate, batches);
      const correct = rows.filter((row, i) => predict(row) === labels[i]);
      expect(accuracies[r]).toBeCloseTo(correct.length / rows.length, 10);
    });
    expect(new Set(accuracies).size).toBeGreaterThan(1);
  });

  test('one that diverges is never right', async () => {
    const { features, labels } = tensorsOf(scattered(30, 5));
    const options = { rates: [0.1, 1e30], momentum: 0.9, weightDecay: 0.1 };
    const classifiers = new SweptClassifiers(SIZE, CLASSES, options);
    for (let step = 0; step < 6; step++) classifiers.step(features, labels, 1);
    const [good, bad] = await classifiers.accuracies(features, labels);
    expect(good).toBeGreaterThan(0.5);
    expect(bad).toBe(0);
    classifiers.dispose();
    features.dispose();
  });
});

describe('splitValidation', () => {
  test('sets a share of each class aside', () => {
    const labels = Int32Array.from({ length: 60 }, (_, i) => (i < 40 ? 0 : i < 58 ? 1 : 2));
    const { fitted, held } = splitValidation(labels, 0.25, 3);
    expect([...fitted, ...held].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    const counts = [0, 1, 2].map((c) => held.filter((row) => labels[row] === c).length);
    expect(counts).toEqual([10, 5, 1]);
    expect(splitValidation(labels, 0.25, 3)).toEqual({ fitted, held });
    expect(splitValidation(labels, 0.25, 4)).not.toEqual({ fitted, held });
  });

  test('refuses a class with one image', () => {
    expect(() => splitValidation(Int32Array.of(0, 0, 1), 0.5, 0)).toThrow(
      expect.objectContaining({ code: 'TOO_FEW_SAMPLES' }),
    );
  });
});

describe('linearSweep', () => {
  test('chooses the rate that is best on images set aside, and tells every accuracy', async () => {
    // The first diverges.
    const rates = [1e30, 1e-7, 0.03];
    const result = await swept({ rates, epochs: 20, batchSize: 32, weightDecay: 0.001 });
    const best = Math.max(...result.validationAccuracies);
    const good = rates.filter((_, r) => result.validationAccuracies[r] === best);
    expect(result.rate).toBe(Math.min(...good));
    expect(result.validationAccuracies[0]).toBe(0);
    expect(result.scores).toEqual({
      accuracy: result.accuracies[rates.indexOf(result.rate)],
      'accuracy@1e+30': result.accuracies[0],
      'accuracy@1e-7': result.accuracies[1],
      'accuracy@0.03': result.accuracies[2],
    });
    expect(result.scores['accuracy']).toBeGreaterThan(0.7);
    expect(result.settings).toMatchObject({
      rates,
      epochs: 20,
      batchSize: 32,
      validation: 0.1,
      momentum: 0.9,
    });
    expect(await swept({ rates, epochs: 20, batchSize: 32, weightDecay: 0.001 })).toEqual(result);
  });

  test('chooses by the held-out images without images set aside', async () => {
    const { accuracies, validationAccuracies } = await swept({ rates: [0.1, 1], epochs: 2, validation: 0 });
    expect(validationAccuracies).toEqual(accuracies);
  });

  test.each<[LinearSweepOptions, string]>([
    [{ rates: [] }, 'INVALID_OPTION'],
    [{ rates: [0.1, 0] }, 'INVALID_OPTION'],
    [{ epochs: 0 }, 'INVALID_OPTION'],
    [{ batchSize: 1.5 }, 'INVALID_OPTION'],
    [{ momentum: 1 }, 'INVALID_OPTION'],
    [{ validation: 1 }, 'INVALID_OPTION'],
    [{ validation: -0.1 }, 'INVALID_OPTION'],
    [{ weightDecay: -1 }, 'INVALID_OPTION'],
    [{ seed: 0.5 }, 'INVALID_OPTION'],
  ])('refuses %p', async (options, code) => {
    await expect(swept(options)).rejects.toMatchObject({ code });
  });

  test('refuses to learn from one class', async () => {
    const same = { features: tf.ones<tf.Rank.R2>([3, 2]), labels: Int32Array.of(1, 1, 1) };
    await expect(linearSweep(same, same)).rejects.toMatchObject({ code: 'ONE_CLASS' });
    same.features.dispose();
  });
});
