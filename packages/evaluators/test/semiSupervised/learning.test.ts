import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fineTune, linearProtocol, semiSupervised } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { crossEntropy } from '../../src/semiSupervised/crossEntropy.js';
import { judge } from '../../src/semiSupervised/judge.js';
import { rateShare } from '../../src/semiSupervised/learningRates.js';
import { createLinearClassifier } from '../../src/semiSupervised/linearClassifier.js';
import { describeOnEveryEngine } from '../engines.js';
import { descend } from './reference.js';
import { BLIND, CLASSES, toyBatches, toyEncoder, toyImages, type ToyImages } from './toy.js';

const train = toyImages(90, 1);
const test_ = toyImages(60, 2);
const splits = (learned: ToyImages = train, judged: ToyImages = test_) => ({
  views: (epoch: number) => toyBatches(learned, { epoch }),
  heldOut: () => toyBatches(judged),
  classes: CLASSES,
});
const quick = {
  epochs: 10,
  schedule: { kind: 'cosine' } as const,
  encoderLearningRate: 0.1,
  classifierLearningRate: 0.5,
};

let tensors: number;
const countTensors = () => {
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
  });
};

describeOnEveryEngine('learning with labels', () => {
  countTensors();

  test('takes the steps of float64 loops, with a rate for each part and a schedule', async () => {
    const images = toyImages(12, 5);
    const initial = BLIND.map((row) => row.map((value, d) => value + 0.2 * (d + 1)));
    const classifier = createLinearClassifier(2, CLASSES, { seed: 4 });
    const model = {
      encoder: initial.map((row) => [...row]),
      weight: classifier.variables.weight.arraySync() as number[][],
      bias: new Array<number>(CLASSES).fill(0),
    };
    classifier.dispose();
    const losses = descend(images, model, {
      encoderRate: 0.2,
      classifierRate: 0.7,
      momentum: 0.8,
      weightDecay: 0.01,
      shares: [1, 1, 0.25, 0.25, 0.0625],
    });
    const encoder = toyEncoder(initial);
    const told: number[] = [];
    const { scores } = await fineTune(
      encoder,
      {
        views: () => toyBatches(images, { batchSize: 12 }),
        heldOut: () => toyBatches(images),
        classes: CLASSES,
      },
      {
        epochs: 5,
        encoderLearningRate: 0.2,
        classifierLearningRate: 0.7,
        momentum: 0.8,
        weightDecay: 0.01,
        schedule: { kind: 'step', milestones: [2, 4], factor: 0.25 },
        seed: 4,
        onEpoch: ({ loss }) => told.push(loss),
      },
    );
    told.forEach((loss, epoch) => expect(loss).toBeCloseTo(losses[epoch]!, 4));
    expect(scores['loss']).toBe(told.at(-1));
    const got = encoder.variables.weight.arraySync();
    got.forEach((row, p) => row.forEach((value, d) => expect(value).toBeCloseTo(model.encoder[p]![d]!, 4)));
    encoder.dispose();
  });

  test('the gradient of the loss is that of its definition', () => {
    const values = [
      [0.5, -1, 3],
      [40, -40, 2],
    ];
    const labels = Int32Array.of(1, 0);
    const logits = tf.tensor2d(values);
    const gradient = tf.tidy(() => tf.grad((z: tf.Tensor) => crossEntropy(z as tf.Tensor2D, labels))(logits));
    const loss = crossEntropy(logits, labels);
    let mean = 0;
    (gradient.arraySync() as number[][]).forEach((row, i) => {
      const total = values[i]!.reduce((sum, value) => sum + Math.exp(value), 0);
      mean += (Math.log(total) - values[i]![labels[i]!]!) / 2;
      row.forEach((got, c) => {
        expect(got).toBeCloseTo((Math.exp(values[i]![c]!) / total - Number(c === labels[i])) / 2, 5);
      });
    });
    expect(loss.dataSync()[0]).toBeCloseTo(mean, 4);
    tf.dispose([logits, gradient, loss]);
  });

  test('fine-tuning learns what frozen features do not have', async () => {
    const encoder = toyEncoder();
    const before = await encoder.variables.weight.array();
    const frozen = await linearProtocol(encoder, splits(), { epochs: 6, learningRate: 0.1 });
    // Guessing gets a third. The features are noise.
    expect(frozen.scores['top1']).toBeLessThan(0.5);
    expect(await encoder.variables.weight.array()).toEqual(before);
    expect(encoder.modes).not.toContain(true);
    const tuned = await fineTune(encoder, splits(), quick);
    expect(tuned.scores['top1']).toBeGreaterThan(0.9);
    expect(await encoder.variables.weight.array()).not.toEqual(before);
    encoder.dispose();
  });

  test('the linear protocol finds what the features have', async () => {
    const encoder = toyEncoder([
      [1, 0],
      [0, 1],
      [0, 0],
      [0, 0],
    ]);
    for (const schedule of [{ kind: 'cosine' }, { kind: 'step', milestones: [3], factor: 0.1 }] as const) {
      const { scores, settings } = await linearProtocol(encoder, splits(), {
        epochs: 5,
        learningRate: 0.5,
        schedule,
      });
      expect(scores['top1']).toBeGreaterThan(0.95);
      expect(settings).toMatchObject({ epochs: 5, learningRate: 0.5, schedule: schedule.kind });
    }
    encoder.dispose();
  });

  test('each share of the labels begins with a fresh encoder, and sees no other image', async () => {
    const opened: ReturnType<typeof toyEncoder>[] = [];
    const looked = new Map<number, Set<number>>();
    const { scores, settings } = await semiSupervised(
      () => {
        opened.push(toyEncoder());
        return opened.at(-1)!;
      },
      {
        labels: train.labels,
        views: (indices, epoch) => {
          const seen = looked.get(indices.length) ?? new Set();
          indices.forEach((index) => seen.add(index));
          looked.set(indices.length, seen);
          return toyBatches(train, { indices, epoch });
        },
        heldOut: () => toyBatches(test_),
        classes: CLASSES,
      },
      {
        shares: [
          { share: 0.1, ...quick, epochs: 2 },
          { share: 0.5, ...quick },
        ],
      },
    );
    expect(opened).toHaveLength(2);
    expect(opened.map(({ variables }) => variables.weight.isDisposed)).toEqual([true, true]);
    // Nine of 90 images, always the same, are three of each class.
    expect([...looked].map(([count, seen]) => [count, seen.size])).toEqual([
      [9, 9],
      [45, 45],
    ]);
    expect(Object.keys(scores)).toEqual(['top1@10%', 'loss@10%', 'top1@50%', 'loss@50%']);
    expect(scores['top1@50%']).toBeGreaterThan(0.9);
    expect(settings).toMatchObject({ seed: 1, 'images@10%': 9, 'images@50%': 45, 'epochs@10%': 2 });
  });

  test('the same seed gives the same scores', async () => {
    const run = async (seed: number) => {
      const encoder = toyEncoder();
      const { scores } = await fineTune(encoder, splits(), { ...quick, epochs: 1, seed });
      encoder.dispose();
      return scores;
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(2)).not.toEqual(await run(1));
  });

  test.each([
    ['no training image', { views: () => toyBatches(toyImages(0, 1)) }, 'EMPTY_SPLIT'],
    ['no held-out image', { heldOut: () => toyBatches(toyImages(0, 1)) }, 'EMPTY_SPLIT'],
    ['training images of one class', { views: () => toyBatches(oneClass(train)) }, 'ONE_CLASS'],
    ['one class', { classes: 1 }, 'ONE_CLASS'],
    ['no class', { classes: 0 }, 'INVALID_OPTION'],
    ['labels that are no class', { classes: 2 }, 'INVALID_LABELS'],
    ['a label too few', { views: () => shortOfLabels() }, 'INVALID_SHAPE'],
    [
      'NaN',
      { views: () => toyBatches({ ...train, pixels: train.pixels.map(() => [NaN, 0, 0, 0]) }) },
      'NON_FINITE_FEATURES',
    ],
    [
      'held-out NaN',
      { heldOut: () => toyBatches({ ...test_, pixels: test_.pixels.map(() => [NaN, 0, 1, 0]) }) },
      'NON_FINITE_FEATURES',
    ],
  ] as const)('refuses %s', async (_, changes, code) => {
    const encoder = toyEncoder();
    const given = { ...splits(), ...changes };
    await expect(fineTune(encoder, given, { ...quick, epochs: 1 })).rejects.toMatchObject({ code });
    await expect(linearProtocol(encoder, given, { epochs: 1 })).rejects.toMatchObject({ code });
    encoder.dispose();
  });

  test.each([
    { epochs: 0 },
    { epochs: 1.5 },
    { momentum: -1 },
    { weightDecay: NaN },
    { seed: -1 },
    { classifierLearningRate: 0 },
    { encoderLearningRate: -1 },
    { schedule: { kind: 'step', milestones: [0], factor: 0.1 } as const },
    { schedule: { kind: 'step', milestones: [1], factor: 0 } as const },
    { schedule: { kind: 'linear' as 'cosine' } },
  ])('refuses %j', async (options) => {
    const encoder = toyEncoder();
    await expect(fineTune(encoder, splits(), { ...quick, ...options })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    encoder.dispose();
  });

  test('refuses a variable that the features do not depend on, by its name', async () => {
    const encoder = toyEncoder();
    const spare = tf.tidy(() => tf.variable(tf.zeros([2])));
    const { variables } = encoder;
    await expect(
      fineTune({ ...encoder, variables: { ...variables, 'fc.bias': spare } }, splits(), quick),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION', given: 'encoder.fc.bias' });
    encoder.dispose();
    spare.dispose();
  });

  test('a share that leaves a class without images is refused before any encoder is opened', async () => {
    const open = () => {
      throw new Error('opened');
    };
    const given = { ...splits(), labels: train.labels, views: () => toyBatches(train) };
    await expect(
      semiSupervised(open, given, { shares: [{ share: 0.5 }, { share: 0.02 }] }),
    ).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const labels = new Int32Array(90);
    await expect(semiSupervised(open, { ...given, labels })).rejects.toMatchObject({ code: 'ONE_CLASS' });
  });

  test('stops when it is told to', async () => {
    const encoder = toyEncoder();
    const controller = new AbortController();
    const onEpoch = () => controller.abort(new Error('stopped by the test'));
    const { signal } = controller;
    await expect(fineTune(encoder, splits(), { ...quick, onEpoch, signal })).rejects.toThrow(
      'stopped by the test',
    );
    encoder.dispose();
  });

  test('judges by the highest logit and by the five highest', async () => {
    // Seven classes; a pixel of 1 lifts the class of its place. Logits fall with the class otherwise.
    const heldOut = async function* () {
      yield { images: tf.zeros<tf.Rank.R4>([4, 1, 1, 1]), labels: Int32Array.of(0, 1, 4, 5) };
    };
    const logits = ({ shape: [n] }: tf.Tensor4D) =>
      tf.tidy(() => tf.tile(tf.tensor2d([[7, 6, 5, 4, 3, 2, 1]]), [n, 1]));
    expect(await judge('test', logits, { heldOut, classes: 7 })).toEqual({ top1: 0.25, top5: 0.75 });
    const same = ({ shape: [n] }: tf.Tensor4D) => tf.zeros<tf.Rank.R2>([n, 7]);
    expect(await judge('test', same, { heldOut, classes: 7 })).toEqual({ top1: 0, top5: 0 });
  });
});

describe('the share of the learning rate', () => {
  test('falls by steps', () => {
    const schedule = { kind: 'step', milestones: [12, 16], factor: 0.2 } as const;
    const shares = [0, 11, 12, 15, 16, 19].map((epoch) => rateShare(schedule, epoch, 20));
    const expected = [1, 1, 0.2, 0.2, 0.04, 0.04];
    shares.forEach((share, i) => expect(share).toBeCloseTo(expected[i]!, 12));
  });

  test('falls along a cosine', () => {
    const shares = [0, 5, 10].map((epoch) => rateShare({ kind: 'cosine' }, epoch, 20));
    expect(shares[0]).toBe(1);
    expect(shares[1]).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(shares[2]).toBeCloseTo(0.5, 12);
  });
});

function oneClass({ pixels, labels }: ToyImages): ToyImages {
  return { pixels, labels: new Int32Array(labels.length) };
}

async function* shortOfLabels() {
  yield { images: tf.zeros<tf.Rank.R4>([3, 2, 2, 1]), labels: Int32Array.of(0, 1) };
}
