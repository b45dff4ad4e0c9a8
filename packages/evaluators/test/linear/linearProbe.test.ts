import { readFile } from 'node:fs/promises';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { linearProbe, linearSweep, type LabelledFeatures } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

interface Part {
  features: number[];
  labels: number[];
}
/** What scikit-learn gives; tools/parity/linearProbe.py. */
interface Fixture {
  dimension: number;
  train: Part;
  test: Part;
  fits: { l2: number; loss: number; accuracy: number; trainAccuracy: number }[];
}

const fixture = JSON.parse(
  await readFile(new URL('../fixtures/linearProbe.json', import.meta.url), 'utf8'),
) as Fixture;

let tensorsBefore: number;
beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

async function withFeatures<T>(
  use: (train: LabelledFeatures, held: LabelledFeatures) => Promise<T>,
): Promise<T> {
  const setOf = ({ features, labels }: typeof fixture.train): LabelledFeatures => ({
    features: tf.tensor2d(features, [labels.length, fixture.dimension]),
    labels: Int32Array.from(labels),
  });
  const [train, held] = [setOf(fixture.train), setOf(fixture.test)];
  try {
    return await use(train, held);
  } finally {
    tf.dispose([train.features, held.features]);
  }
}

/** The least mean loss plus |w|²/(2nC) of a logistic regression with one vector of weights, by Newton's steps. */
function binaryLoss(x: readonly number[], isPositive: readonly number[], c: number): number {
  const n = x.length;
  let [w, b, loss] = [0, 0, 0];
  for (let step = 0; step < 100; step++) {
    let [gw, gb, hww, hwb, hbb] = [w / (n * c), 0, 1 / (n * c), 0, 0];
    loss = w ** 2 / (2 * n * c);
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-(w * x[i]! + b)));
      const [error, curvature] = [(p - isPositive[i]!) / n, (p * (1 - p)) / n];
      gw += error * x[i]!;
      gb += error;
      hww += curvature * x[i]! ** 2;
      hwb += curvature * x[i]!;
      hbb += curvature;
      loss -= Math.log(isPositive[i] ? p : 1 - p) / n;
    }
    const determinant = hww * hbb - hwb ** 2;
    w -= (hbb * gw - hwb * gb) / determinant;
    b -= (hww * gb - hwb * gw) / determinant;
  }
  return loss;
}

describe('linearProbe', () => {
  test.each([1e-4, 1e-2, 1])('of two classes is a regression with C = 2 / (n·l2), at l2 = %s', async (l2) => {
    const x = [0, 1, 2, 3, 4, 5, 6, 7];
    const labels = x.map((value) => (value < 4 ? 0 : 1));
    const standard = x.map((value) => (value - 3.5) / Math.sqrt(5.25));
    const train = { features: tf.tensor2d(x, [8, 1]), labels: Int32Array.from(labels) };
    const result = await linearProbe(train, train, { l2, iterations: 500 });
    train.features.dispose();
    expect(result.loss / binaryLoss(standard, labels, 2 / (8 * l2))).toBeCloseTo(1, 4);
    if (l2 === 1e-4) expect(result.loss).toBeCloseTo(0.0129306, 6);
  });

  test.each(fixture.fits)('agrees with scikit-learn at l2 = $l2', async ({ l2, loss, ...expected }) => {
    const result = await withFeatures((train, held) => linearProbe(train, held, { l2, iterations: 500 }));
    expect(result.converged).toBe(true);
    expect(Math.abs(result.loss - loss) / loss).toBeLessThan(1e-5);
    expect(result.scores).toEqual(expected);
    expect(result.settings).toEqual({ l2, iterations: 500, tolerance: 1e-5 });
  });

  test.each([1e-36, 1e-30, 1e-7, 1e25])(
    'does not depend on the scale of a feature, such as %s',
    async (scale) => {
      const x = [0, 1, 2, 3, 4, 5, 6, 7];
      const labels = Int32Array.from(x, (value) => (value < 4 ? 0 : 1));
      // Beside a feature that is constant.
      const features = tf.tensor2d(
        x.map((value) => [value * scale, 3.3]),
        [8, 2],
      );
      const result = await linearProbe({ features, labels }, { features, labels }, { iterations: 500 });
      const swept = await linearSweep({ features, labels }, { features, labels }, { validation: 0 });
      features.dispose();
      expect(result.accuracy).toBe(1);
      expect(result.loss).toBeCloseTo(0.0129306, 5);
      expect(Math.max(...swept.accuracies)).toBe(1);
    },
  );

  test('features below the range of float32 are refused; one beside others counts as constant', async () => {
    await withFeatures(async (train, held) => {
      const tiny = [train, held].map(({ features, labels }) => ({
        features: tf.mul<tf.Tensor2D>(features, 1e-43),
        labels,
      }));
      await expect(linearProbe(tiny[0]!, tiny[1]!)).rejects.toMatchObject({
        code: 'NON_FINITE_FEATURES',
        remedy: 'Scale the features up',
      });
      const both = [train, held].map(({ features, labels }, i) => ({
        features: tf.concat2d([features, tiny[i]!.features], 1),
        labels,
      }));
      const [alone, beside] = [await linearProbe(train, held), await linearProbe(both[0]!, both[1]!)];
      expect(beside.loss).toBeCloseTo(alone.loss, 6);
      tf.dispose([...tiny, ...both].map(({ features }) => features));
    });
  });

  test('a scale of a power of two changes no bit', async () => {
    const lossAt = (scale: number) =>
      withFeatures(async (train, held) => {
        const scaled = [train, held].map(({ features, labels }) => ({
          features: tf.mul<tf.Tensor2D>(features, scale),
          labels,
        })) as [LabelledFeatures, LabelledFeatures];
        const { loss } = await linearProbe(...scaled);
        tf.dispose(scaled.map(({ features }) => features));
        return loss;
      });
    expect(await lossAt(2 ** -80)).toBe(await lossAt(1));
  });

  test('ends after the given number of steps', async () => {
    const result = await withFeatures((train, held) => linearProbe(train, held, { iterations: 2 }));
    expect(result).toMatchObject({ iterations: 2, converged: false });
  });

  test.each([
    [{ l2: -1 }, 'INVALID_OPTION'],
    [{ iterations: 0 }, 'INVALID_OPTION'],
    [{ tolerance: Number.NaN }, 'INVALID_OPTION'],
  ])('refuses %p', async (options, code) => {
    await expect(withFeatures((train, held) => linearProbe(train, held, options))).rejects.toMatchObject({
      code,
    });
  });

  test.each([Number.NaN, Infinity, -Infinity])('refuses features with %p in them', async (value) => {
    const features = tf.tensor2d([0, 1, value, 2], [2, 2]);
    const labelled = { features, labels: Int32Array.of(0, 1) };
    await expect(linearProbe(labelled, labelled)).rejects.toMatchObject({ code: 'NON_FINITE_FEATURES' });
    features.dispose();
  });

  test('refuses features that do not fit their labels or each other', async () => {
    const wide = { features: tf.ones<tf.Rank.R2>([2, 3]), labels: Int32Array.of(0, 1) };
    const narrow = { features: tf.ones<tf.Rank.R2>([2, 2]), labels: Int32Array.of(0, 1) };
    const unlabelled = { features: wide.features, labels: Int32Array.of(0) };
    await expect(linearProbe(wide, narrow)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
    await expect(linearProbe(unlabelled, wide)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
    tf.dispose([wide.features, narrow.features]);
  });

  test('refuses to learn from one class', async () => {
    const same = { features: tf.ones<tf.Rank.R2>([3, 2]), labels: Int32Array.of(4, 4, 4) };
    await expect(linearProbe(same, same)).rejects.toMatchObject({ code: 'ONE_CLASS' });
    same.features.dispose();
  });
});
