import { readFile } from 'node:fs/promises';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { linearProbe, type LabelledFeatures } from '@protocl/evaluators';
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
  const [train, held] = [fixture.train, fixture.test].map(({ features, labels }) => ({
    features: tf.tensor2d(features, [labels.length, fixture.dimension]),
    labels: Int32Array.from(labels),
  })) as [LabelledFeatures, LabelledFeatures];
  try {
    return await use(train, held);
  } finally {
    tf.dispose([train.features, held.features]);
  }
}

describe('linearProbe', () => {
  test.each(fixture.fits)('agrees with scikit-learn at l2 = $l2', async ({ l2, loss, ...expected }) => {
    const result = await withFeatures((train, held) => linearProbe(train, held, { l2, iterations: 500 }));
    expect(result.converged).toBe(true);
    expect(Math.abs(result.loss - loss) / loss).toBeLessThan(1e-5);
    expect(result.scores).toEqual(expected);
    expect(result.settings).toEqual({ l2, iterations: 500, tolerance: 1e-5 });
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
