import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import { knnAccuracy, type KnnOptions, type KnnResult } from '@protocl/evaluators';
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
  return (await resultOf(train, held, options)).accuracies[0]!;
}

async function resultOf(train: HostFeatures, held: HostFeatures, options: KnnOptions): Promise<KnnResult> {
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

/** Features of single precision with an offset in common. */
function shifted({ rows, labels }: HostFeatures, offset: number): HostFeatures {
  return { rows: rows.map((row) => row.map((value) => Math.fround(value + offset))), labels };
}

test.each([30, 1e3, 1e4])('an offset of %s takes no neighbours away', async (offset) => {
  const [train, held] = [shifted(scattered(120, 2), offset), shifted(scattered(80, 3), offset)];
  const [known, asked] = [train, held].map(({ rows, labels }) => ({ features: tf.tensor2d(rows), labels }));
  for (const [k, temperature] of [
    [1, 0.1],
    [9, 0.1],
    [9, 1e-9],
  ] as const) {
    // In blocks, too, of which each looks from the same centre.
    const options = { k, temperature, blockBytes: k === 1 ? 8000 : 64 * 2 ** 20 };
    const { accuracies } = await knnAccuracy(known!, asked!, options);
    expect(accuracies[0]).toBeCloseTo(accuracyByDistance(train, held, k, temperature), 1.5);
  }
  tf.dispose([known!.features, asked!.features]);
});

/** The definition by the distances of directions, which keep the digits that cosines near 1 lose. */
function accuracyByDistance(train: HostFeatures, held: HostFeatures, k: number, temperature: number): number {
  const directionOf = (row: number[]) => row.map((value) => value / Math.hypot(...row));
  const known = train.rows.map(directionOf);
  const correct = held.rows.filter((row, index) => {
    const asked = directionOf(row);
    const nearest = known
      .map((other, i) => ({
        square: other.reduce((sum, value, d) => sum + (value - asked[d]!) ** 2, 0),
        label: train.labels[i]!,
      }))
      .sort((a, b) => a.square - b.square)
      .slice(0, k);
    const votes = new Array<number>(CLASSES).fill(0);
    for (const { square, label } of nearest)
      votes[label]! += Math.exp((nearest[0]!.square - square) / 2 / temperature);
    return votes.indexOf(Math.max(...votes)) === held.labels[index];
  });
  return correct.length / held.rows.length;
}

describe('knnAccuracy', () => {
  test('at low temperatures the nearest decides', async () => {
    const [train, held] = [scattered(200, 2), scattered(90, 3)];
    const nearest = await accuracyOf(train, held, { k: 1 });
    expect(nearest).toBeGreaterThan(0.35);
    for (const temperature of [1e-4, 1e-9]) {
      expect(await accuracyOf(train, held, { k: 20, temperature })).toBeCloseTo(nearest, 1);
    }
    // None of the queries has a vote that float64 holds without a shift.
    const opposite = {
      ...held,
      rows: train.rows.map((row) => row.map((value) => -value)),
      labels: train.labels,
    };
    const shared = { k: 200, temperature: 1e-5 };
    expect(await accuracyOf(train, opposite, shared)).toBe(await accuracyOf(train, opposite, { k: 1 }));
  });

  test.each([1e-30, 1e-20, 1e20, 1e30])('features can be of any scale, such as %s', async (scale) => {
    const [train, held] = [scattered(120, 2), scattered(90, 3)];
    const scaled = { ...train, rows: train.rows.map((row) => row.map((value) => value * scale)) };
    const expected = await accuracyOf(train, held, { k: 10 });
    expect(await accuracyOf(scaled, held, { k: 10 })).toBe(expected);
    expect(await accuracyOf(held, scaled, { k: 10 })).toBe(await accuracyOf(held, train, { k: 10 }));
  });

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

  test('answers several k in one pass, in the order given', async () => {
    const k = [40, 1, 150, 7];
    const { accuracies, scores, settings } = await resultOf(train, held, { k, blockBytes: 4 * 64 });
    expect(accuracies).toEqual(k.map((neighbours) => naiveAccuracy(train, held, neighbours, 0.1)));
    expect(scores).toEqual(
      Object.fromEntries(k.map((neighbours, i) => [`accuracy@${neighbours}`, accuracies[i]])),
    );
    expect(settings).toEqual({ k, temperature: 0.1 });
  });

  test('a class that no training image has is never right', async () => {
    const unseen = { rows: held.rows, labels: held.labels.map((label) => label + CLASSES) };
    expect(await accuracyOf(train, unseen, { k: 7 })).toBe(0);
  });

  test.each([
    [{ k: 0 }, 'INVALID_OPTION'],
    [{ k: 1.5 }, 'INVALID_OPTION'],
    [{ k: [] }, 'INVALID_OPTION'],
    [{ k: [3, 0] }, 'INVALID_OPTION'],
    [{ k: 3, temperature: 0 }, 'INVALID_OPTION'],
    [{ k: 3, temperature: Number.NaN }, 'INVALID_OPTION'],
    [{ k: 3, blockBytes: 0 }, 'INVALID_OPTION'],
    [{ k: 151 }, 'TOO_FEW_SAMPLES'],
    [{ k: [1, 151] }, 'TOO_FEW_SAMPLES'],
  ])('refuses %p', async (options, code) => {
    await expect(resultOf(train, held, options)).rejects.toMatchObject({ code });
  });

  test.each([
    ['features that are not finite', [[Number.NaN, 1, 1, 1, 1]], [0], 'NON_FINITE_FEATURES'],
    ['features of another length', [[1, 1]], [0], 'INVALID_SHAPE'],
    ['too many labels', [[1, 1, 1, 1, 1]], [0, 1], 'INVALID_SHAPE'],
    ['labels below 0', [[1, 1, 1, 1, 1]], [-1], 'INVALID_LABELS'],
  ])('refuses %s', async (_, rows, labels, code) => {
    const broken = { rows, labels: Int32Array.from(labels) };
    await expect(accuracyOf(train, broken, { k: 3 })).rejects.toMatchObject({ code });
  });

  test('refuses a split without images', async () => {
    const none = { features: tf.zeros<tf.Rank.R2>([0, DIMENSION]), labels: new Int32Array(0) };
    await expect(knnAccuracy(none, none)).rejects.toMatchObject({ code: 'EMPTY_SPLIT' });
    none.features.dispose();
  });
});
