import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { evaluate, knnAccuracy, linearProbe, linearSvm, type EvaluateOptions } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { expectNoTensorsKept } from './expectNoTensorsKept.js';
import { samplesOf, svmFixture } from './svm/svmFixture.js';

beforeAll(() => useBackend('wasm', { log: () => undefined }));
expectNoTensorsKept();

const sides = () => [samplesOf(svmFixture.train), samplesOf(svmFixture.test)] as const;

describe('evaluate', () => {
  test('runs the evaluators that are asked for, with their options', async () => {
    const [train, held] = sides();
    const knn = { k: [1, 5] };
    const svm = { cost: 1 };
    const found = await evaluate(train, held, { knn, linear: {}, svm });
    expect(Object.keys(found)).toEqual(['knn', 'linear', 'svm']);
    expect(found.knn).toEqual(await knnAccuracy(train, held, knn));
    expect(found.linear).toEqual(await linearProbe(train, held));
    expect(found.svm.scores).toEqual((await linearSvm(train, held, svm)).scores);
    const others = await evaluate(train, held, {
      linearSweep: { rates: [0.1], epochs: 1 },
      lowShot: { shots: [1], draws: 2 },
    });
    expect(others.linearSweep.settings).toMatchObject({ rates: [0.1], epochs: 1, rate: 0.1 });
    expect(others.lowShot.scores['accuracy@1']).toBeGreaterThan(0);
    tf.dispose([train.features, held.features]);
  });

  test('labels are names: they cost what as many classes cost, however far apart they are', async () => {
    const [train, held] = sides();
    const names = [3, 100_000, 50_000_000, 2 ** 31 - 1];
    const renamed = ({ features, labels }: typeof train) => ({
      features,
      labels: labels.map((label) => names[label]!),
    });
    const options = {
      knn: { k: [1, 5] },
      linear: {},
      linearSweep: { rates: [0.1], epochs: 1, validation: 0 },
      svm: { cost: 1 },
      lowShot: { shots: [1], draws: 2 },
    };
    const [near, far] = [
      await evaluate(train, held, options),
      await evaluate(renamed(train), renamed(held), options),
    ];
    for (const name of ['knn', 'linear', 'linearSweep', 'svm'] as const) {
      expect(far[name].scores).toEqual(near[name].scores);
    }
    expect(far.lowShot.scores['accuracy@1']).toBeGreaterThan(0.25);
    const { model } = await linearSvm(renamed(train), held, { cost: 1 });
    expect([...model.classes]).toEqual(names);
    tf.dispose([train.features, held.features]);
  });

  test('labels may be an array, a typed array or a tensor', async () => {
    const [train, held] = sides();
    const options = {
      knn: { k: 5 },
      linear: {},
      linearSweep: { rates: [0.1], epochs: 1 },
      svm: { cost: 1 },
      lowShot: { shots: [1], draws: 2 },
    };
    const expected = JSON.stringify(await evaluate(train, held, options));
    const kinds = [
      (labels: Int32Array) => Array.from(labels),
      (labels: Int32Array) => Uint8Array.from(labels),
      (labels: Int32Array) => Float64Array.from(labels),
      (labels: Int32Array) => tf.tensor1d(labels, 'int32'),
      (labels: Int32Array) => tf.tensor1d(Float32Array.from(labels), 'float32'),
    ];
    for (const kind of kinds) {
      const given = [train, held].map(({ features, labels }) => ({ features, labels: kind(labels) }));
      expect(JSON.stringify(await evaluate(given[0]!, given[1]!, options))).toBe(expected);
      // They stay the caller's.
      for (const { labels } of given) if (labels instanceof tf.Tensor) labels.dispose();
    }
    const values = Array.from(train.labels, (label) => [0, 1, 2, 3].map((c) => (label === c ? 1 : -1)));
    const rows = tf.tensor2d(values);
    const svm = { cost: 1 };
    const several = { features: train.features, labels: { classes: 4, values: rows } };
    expect((await evaluate(several, held, { svm })).svm.scores).toEqual(
      (await evaluate(train, held, { svm })).svm.scores,
    );
    tf.dispose([train.features, held.features, rows]);
  });

  test.each<[string, unknown, string]>([
    ['no labels', undefined, 'INVALID_LABELS'],
    ['a number', 3, 'INVALID_LABELS'],
    ['classes beyond int32', [0, 2 ** 31], 'INVALID_LABELS'],
    ['half a class', [0, 0.5], 'INVALID_LABELS'],
    ['NaN', [0, NaN], 'INVALID_LABELS'],
    ['too few', [0], 'INVALID_SHAPE'],
  ])('refuses %s as labels', async (_, labels, code) => {
    const features = tf.ones<tf.Rank.R2>([2, 2]);
    const set = { features, labels: labels as number[] };
    for (const options of [{ knn: { k: 1 } }, { svm: { cost: 1 } }] satisfies EvaluateOptions[]) {
      await expect(evaluate(set, set, options)).rejects.toMatchObject({ code });
    }
    features.dispose();
  });

  test('refuses one-hot rows with what to do, and features without labels', async () => {
    const features = tf.ones<tf.Rank.R2>([2, 2]);
    const labels = tf.tensor2d([0, 1, 1, 0], [2, 2]) as tf.Tensor as tf.Tensor1D;
    const set = { features, labels };
    await expect(evaluate(set, set, { linear: {} })).rejects.toMatchObject({
      code: 'INVALID_SHAPE',
      remedy: expect.stringContaining('argMax'),
    });
    const bare = features as unknown as typeof set;
    await expect(evaluate(bare, bare, { linear: {} })).rejects.toMatchObject({
      code: 'INVALID_SHAPE',
      expected: '{ features, labels }',
    });
    tf.dispose([features, labels]);
  });

  test.each<[object, string]>([
    [{ kn: {} }, 'knn'],
    [{ knn: { K: 3 } }, 'k'],
    [{ linear: { iteration: 3 } }, 'iterations'],
    [{ linearSweep: { epoch: 3 } }, 'epochs'],
    [{ svm: { costs: 3 } }, 'cost'],
    [{ lowShot: { shot: [1] } }, 'shots'],
  ])('names the option that was probably meant by %j', async (options, meant) => {
    const [train, held] = sides();
    await expect(evaluate(train, held, { ...options })).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
      remedy: `Did you mean ${meant}?`,
    });
    tf.dispose([train.features, held.features]);
  });

  test.each([{ knn: {} }, { linear: {} }, { linearSweep: {} }])(
    'refuses several classes of an image for %j',
    async (options) => {
      const features = tf.ones<tf.Rank.R2>([2, 2]);
      const several = { features, labels: { classes: 2, values: [1, 1, -1, 1] } };
      await expect(evaluate(several, several, options)).rejects.toMatchObject({ code: 'INVALID_LABELS' });
      features.dispose();
    },
  );
});
