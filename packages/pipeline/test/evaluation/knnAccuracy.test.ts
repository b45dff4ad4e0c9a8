import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import { knnAccuracy, type KnnOptions } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

const DIMENSION = 5;
const CLASSES = 4;

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

interface HostFeatures {
  rows: number[][];
  labels: Int32Array;
}

/** Points scattered so widely around a centre for each class that the classes overlap. */
function scattered(count: number, seed: number): HostFeatures {
  const centers = randomStream({ seed: 1, purpose: 'centers' }).normal(CLASSES * DIMENSION);
  const random = randomStream({ seed, purpose: 'points' });
  const labels = random.integers(count, CLASSES);
  const noise = random.normal(count * DIMENSION);
  const rows = Array.from(labels, (label, row) =>
    Array.from(
      { length: DIMENSION },
      (_, column) => centers[label * DIMENSION + column]! + noise[row * DIMENSION + column]!,
    ),
  );
  return { rows, labels };
}

/** The definition, one pair after the other. */
function naiveAccuracy(train: HostFeatures, held: HostFeatures, k: number, temperature: number): number {
  const norm = (row: number[]) => Math.hypot(...row);
  let correct = 0;
  for (const [index, query] of held.rows.entries()) {
    const neighbours = train.rows
      .map((row, position) => {
        const product = row.reduce((sum, value, column) => sum + value * query[column]!, 0);
        return { similarity: product / norm(row) / norm(query), label: train.labels[position]! };
      })
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k);
    const votes = Array.from({ length: CLASSES }, (_, label) =>
      neighbours
        .filter((neighbour) => neighbour.label === label)
        .reduce((sum, { similarity }) => sum + Math.exp(similarity / temperature), 0),
    );
    if (votes.indexOf(Math.max(...votes)) === held.labels[index]) correct++;
  }
  return correct / held.rows.length;
}

async function accuracyOf(train: HostFeatures, held: HostFeatures, options: KnnOptions): Promise<number> {
  const tensors = [tf.tensor2d(train.rows), tf.tensor2d(held.rows)] as const;
  try {
    return await knnAccuracy(
      { features: tensors[0], labels: train.labels },
      { features: tensors[1], labels: held.labels },
      options,
    );
  } finally {
    tf.dispose([...tensors]);
  }
}

describe('knnAccuracy', () => {
  const train = scattered(150, 2);
  const held = scattered(80, 3);

  test.each([
    [1, 0.1],
    [7, 0.1],
    [7, 5],
    [40, 0.02],
    [150, 0.5],
  ])('is what the definition gives for k = %p and temperature %p', async (k, temperature) => {
    const expected = naiveAccuracy(train, held, k, temperature);
    expect(expected).toBeGreaterThan(0.3);
    expect(await accuracyOf(train, held, { k, temperature })).toBe(expected);
  });

  test('does not depend on the size of the blocks', async () => {
    const expected = naiveAccuracy(train, held, 9, 0.1);
    for (const blockBytes of [1, 150 * 4 * 3, 150 * 4 * 80]) {
      expect(await accuracyOf(train, held, { k: 9, blockBytes })).toBe(expected);
    }
  });

  test('survives a temperature at which plain exponentials overflow', async () => {
    expect(await accuracyOf(train, train, { k: 3, temperature: 1e-4 })).toBe(1);
  });

  test.each([{ k: 0 }, { k: 151 }, { k: 1.5 }, { k: 3, temperature: 0 }, { k: 3, temperature: Number.NaN }])(
    'refuses %p',
    async (options) => {
      await expect(accuracyOf(train, held, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );

  test('refuses features that are not finite', async () => {
    const broken = { rows: [[Number.NaN, 1, 1, 1, 1]], labels: Int32Array.of(0) };
    await expect(accuracyOf(train, broken, { k: 3 })).rejects.toMatchObject({ code: 'INVALID_FEATURES' });
  });
});
