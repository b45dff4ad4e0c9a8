import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { evaluate, knnAccuracy, linearProbe, linearSvm } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { expectNoTensorsKept } from './expectNoTensorsKept.js';
import { samplesOf, svmFixture } from './svm/svmFixture.js';

beforeAll(() => useBackend('wasm', { log: () => undefined }));
expectNoTensorsKept();

describe('evaluate', () => {
  test('runs the evaluators that are asked for, with their options', async () => {
    const [train, held] = [samplesOf(svmFixture.train), samplesOf(svmFixture.test)];
    const features = { train: train.features, test: held.features };
    const labels = { train: train.labels, test: held.labels };
    const knn = { k: [1, 5] };
    const svm = { cost: 1 };
    const found = await evaluate(features, labels, { knn, linear: {}, svm });
    expect(Object.keys(found)).toEqual(['knn', 'linear', 'svm']);
    expect(found.knn).toEqual(await knnAccuracy(train, held, knn));
    expect(found.linear).toEqual(await linearProbe(train, held));
    expect(found.svm?.scores).toEqual((await linearSvm(train, held, svm)).scores);
    const others = await evaluate(features, labels, {
      linearSweep: { rates: [0.1], epochs: 1 },
      lowShot: { shots: [1], draws: 2 },
    });
    expect(others.linearSweep?.settings).toMatchObject({ rates: [0.1], epochs: 1, rate: 0.1 });
    expect(others.lowShot?.scores['accuracy@1']).toBeGreaterThan(0);
    tf.dispose(features);
  });

  test('labels are names: they cost what as many classes cost, however far apart they are', async () => {
    const [train, held] = [samplesOf(svmFixture.train), samplesOf(svmFixture.test)];
    const features = { train: train.features, test: held.features };
    const names = [3, 100_000, 50_000_000, 2 ** 31 - 1];
    const renamed = (labels: Int32Array) => labels.map((label) => names[label]!);
    const options = {
      knn: { k: [1, 5] },
      linear: {},
      linearSweep: { rates: [0.1], epochs: 1, validation: 0 },
      svm: { cost: 1 },
      lowShot: { shots: [1], draws: 2 },
    };
    const [near, far] = [
      await evaluate(features, { train: train.labels, test: held.labels }, options),
      await evaluate(features, { train: renamed(train.labels), test: renamed(held.labels) }, options),
    ];
    for (const name of ['knn', 'linear', 'linearSweep', 'svm'] as const) {
      expect(far[name]!.scores).toEqual(near[name]!.scores);
    }
    expect(far.lowShot!.scores['accuracy@1']).toBeGreaterThan(0.25);
    const { model } = await linearSvm({ ...train, labels: renamed(train.labels) }, held, { cost: 1 });
    expect([...model.classes]).toEqual(names);
    tf.dispose(features);
  });

  test.each([{ knn: {} }, { linear: {} }, { linearSweep: {} }])(
    'refuses several classes of an image for %j',
    async (options) => {
      const features = tf.ones<tf.Rank.R2>([2, 2]);
      const labels = { classes: 2, values: [1, 1, -1, 1] };
      await expect(
        evaluate({ train: features, test: features }, { train: labels, test: labels }, options),
      ).rejects.toMatchObject({ code: 'INVALID_LABELS' });
      features.dispose();
    },
  );
});
