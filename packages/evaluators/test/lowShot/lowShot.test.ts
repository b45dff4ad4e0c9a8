import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { linearSvm, lowShot, type LabelledFeatures, type LowShotOptions } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { drawShots } from '../../src/lowShot/drawShots.js';
import { expectNoTensorsKept } from '../expectNoTensorsKept.js';
import { samplesOf, svmFixture } from '../svm/svmFixture.js';

beforeAll(() => useBackend('wasm', { log: () => undefined }));
expectNoTensorsKept();

const targets = Array.from({ length: svmFixture.classes }, (_, c) =>
  Int8Array.from(svmFixture.train.labels, (label) => (label === c ? 1 : -1)),
);

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

describe('drawShots', () => {
  test('draws as many images of each class, no image twice', () => {
    const rows = drawShots(targets, 4, 1, 0);
    expect(new Set(rows).size).toBe(16);
    expect(Array.from(rows, (row) => svmFixture.train.labels[row])).toEqual(
      [0, 1, 2, 3].flatMap((c) => [c, c, c, c]),
    );
  });

  test('depends on the seed and the draw alone, and grows with the number of shots', () => {
    const rows = Array.from(drawShots(targets, 4, 1, 0));
    expect(Array.from(drawShots(targets, 4, 1, 0))).toEqual(rows);
    expect(Array.from(drawShots(targets, 4, 1, 1))).not.toEqual(rows);
    expect(Array.from(drawShots(targets, 4, 2, 0))).not.toEqual(rows);
    const fewer = Array.from(drawShots(targets, 2, 1, 0));
    expect(rows).toEqual(expect.arrayContaining(fewer));
  });

  test('draws an image that shows two classes for each of them', () => {
    const both = [Int8Array.of(1, -1), Int8Array.of(1, -1), Int8Array.of(-1, -1)];
    expect(Array.from(drawShots(both, 1, 0, 0))).toEqual([0, 0]);
  });
});

describe('lowShot', () => {
  test('has the mean and the deviation of what the machines of each draw score', async () => {
    await withSamples(async (train, held) => {
      const options: LowShotOptions = { shots: [2, 5], draws: 3, seed: 4, cost: 0.5 };
      const { scores, shots, settings } = await lowShot(train, held, options);
      for (const k of [2, 5]) {
        const alone: number[] = [];
        for (let draw = 0; draw < 3; draw++) {
          const rows = drawShots(targets, k, 4, draw);
          const features = tf.tidy(() => tf.gather(train.features, tf.tensor1d(rows, 'int32')));
          const labels = rows.map((row) => svmFixture.train.labels[row]!);
          const result = await linearSvm({ features, labels }, held, { cost: 0.5 });
          features.dispose();
          alone.push(result.scores.meanAveragePrecision);
        }
        const mean = (alone[0]! + alone[1]! + alone[2]!) / 3;
        const variance = alone.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2;
        expect(shots.find((found) => found.k === k)?.meanAveragePrecisions).toEqual(alone);
        expect(scores[`meanAveragePrecision@${k}`]).toBeCloseTo(mean, 12);
        expect(scores[`meanAveragePrecision@${k} deviation`]).toBeCloseTo(Math.sqrt(variance), 12);
        expect(scores[`accuracy@${k}`]).toBeGreaterThan(0.25);
      }
      expect(settings).toMatchObject({ shots: [2, 5], draws: 3, seed: 4, cost: 0.5, normalize: true });
      expect(await lowShot(train, held, options)).toMatchObject({ scores });
    });
  });

  test('takes images of several classes', async () => {
    const features = tf.tensor2d([3, 0, 0, 3, 3, 1, 1, 3, 2, 2, 0, 1], [6, 2]);
    const values = [1, -1, -1, 1, 1, -1, -1, 1, 1, 1, -1, 0];
    const samples = { features, labels: { classes: 2, values } };
    const { scores } = await lowShot(samples, samples, { shots: [1, 3], draws: 2 });
    expect(Object.keys(scores)).toEqual([
      'meanAveragePrecision@1',
      'meanAveragePrecision@1 deviation',
      'meanAveragePrecision@3',
      'meanAveragePrecision@3 deviation',
    ]);
    features.dispose();
  });

  test.each<[LowShotOptions, string]>([
    [{ shots: [1, 10_000] }, 'TOO_FEW_SAMPLES'],
    [{ shots: [] }, 'INVALID_OPTION'],
    [{ shots: [0] }, 'INVALID_OPTION'],
    [{ draws: 1 }, 'INVALID_OPTION'],
    [{ seed: -1 }, 'INVALID_OPTION'],
    [{ cost: 0 }, 'INVALID_OPTION'],
  ])('refuses %p', async (options, code) => {
    await withSamples(async (train, held) => {
      await expect(lowShot(train, held, { shots: [1], ...options })).rejects.toMatchObject({ code });
    });
  });
});
