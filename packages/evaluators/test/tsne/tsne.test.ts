import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import { trustworthiness, tsne, type TsneOptions, type TsneProgress } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from '../engines.js';
import { groupedPoints, matrix, naiveSquaredDistances, type Groups } from '../points.js';

const fixture = JSON.parse(
  await readFile(new URL('../fixtures/tsne.json', import.meta.url), 'utf8'),
) as Groups & {
  readonly perplexity: number;
  readonly neighbours: number;
  readonly runs: readonly { readonly divergence: number; readonly trustworthiness: number }[];
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('tsne', () => {
  test('reaches the divergence and trustworthiness of scikit-learn', async () => {
    const { useBackend } = await import('@protocl/backend');
    await useBackend('wasm', { log: () => undefined });
    const x = matrix(groupedPoints(fixture), fixture.dimension);
    const { embedding, scores } = await tsne(x, { perplexity: fixture.perplexity });
    const y = matrix(embedding, 2);
    const trust = await trustworthiness(x, y, { neighbours: fixture.neighbours });
    tf.dispose([x, y]);
    const divergences = fixture.runs.map(({ divergence }) => divergence);
    expect(scores.divergence / mean(divergences)).toBeLessThan(1.01);
    expect(trust / mean(fixture.runs.map((run) => run.trustworthiness))).toBeGreaterThan(0.99);
    expect(scores.iterations).toBe(1000);
    // What it says of the divergence is true: counted again over all pairs, with probabilities found another way.
    expect(scores.divergence).toBeCloseTo(naiveDivergence(embedding), 2);
  }, 300_000);
});

/** The divergence of an embedding of the fixture's points, from t-SNE's definition. */
function naiveDivergence(embedding: Float32Array): number {
  const distances = naiveSquaredDistances(groupedPoints(fixture), fixture.dimension);
  const conditional = distances.map((row, i) => {
    const at = (variance: number): number[] => {
      const values = row.map((distance, j) => (j === i ? 0 : Math.exp(-distance / (2 * variance))));
      const sum = values.reduce((total, value) => total + value, 0);
      return values.map((value) => value / sum);
    };
    const perplexityAt = (variance: number): number =>
      2 ** -at(variance).reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0);
    let [low, high] = [1e-3, 1e3];
    for (let step = 0; step < 60; step++) {
      const middle = Math.sqrt(low * high);
      if (perplexityAt(middle) > fixture.perplexity) high = middle;
      else low = middle;
    }
    return at(low);
  });
  const weights = naiveSquaredDistances(embedding, 2).map((row) => row.map((distance) => 1 / (1 + distance)));
  const n = weights.length;
  const total = weights.flat().reduce((sum, weight) => sum + weight, 0) - n;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const p = (conditional[i]![j]! + conditional[j]![i]!) / (2 * n);
      if (i !== j && p > 0) sum += p * Math.log((p * total) / weights[i]![j]!);
    }
  }
  return sum;
}

describeOnEveryEngine('tsne', () => {
  const small = { n: 90, dimension: 6, groups: 3, noise: 0.2 };

  test('keeps groups together, tells how far it is, and leaves no tensors', async () => {
    const x = matrix(groupedPoints(small), small.dimension);
    const before = tf.memory().numTensors;
    const seen: TsneProgress[] = [];
    const { embedding, scores, settings } = await tsne(x, {
      perplexity: 10,
      iterations: 400,
      onProgress: (progress) => seen.push(progress),
    });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    const distances = naiveSquaredDistances(embedding, 2);
    distances.forEach((row, i) => {
      const nearest = row.map((distance, j) => [distance, j] as const).sort(([a], [b]) => a - b);
      for (const [, j] of nearest.slice(1, 6)) expect(j % small.groups).toBe(i % small.groups);
    });
    expect(seen.map(({ iteration }) => iteration)).toEqual([50, 100, 150, 200, 250, 300, 350, 400]);
    expect(seen.at(-1)!.divergence).toBe(scores.divergence);
    expect(seen.at(-1)!.divergence).toBeLessThan(seen.at(4)!.divergence);
    expect(scores.iterations).toBe(400);
    expect(settings).toMatchObject({ perplexity: 10, neighbours: 89, learningRate: 50, seed: 0 });
  }, 120_000);

  test('few neighbours give nearly the divergence of all', async () => {
    const x = matrix(groupedPoints(small), small.dimension);
    const of = async (options: TsneOptions) =>
      (await tsne(x, { perplexity: 8, iterations: 500, ...options })).scores.divergence;
    const [few, all] = [await of({ neighbours: 25 }), await of({ neighbours: 89 })];
    expect(Math.abs(few / all - 1)).toBeLessThan(0.1);
    x.dispose();
  }, 120_000);

  test('ends by a signal, with its reason, and leaves no tensors', async () => {
    const x = matrix(groupedPoints(small), small.dimension);
    const before = tf.memory().numTensors;
    const reason = new Error('enough');
    const controller = new AbortController();
    const running = tsne(x, {
      perplexity: 10,
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 100 && controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
    // A timer gets its turn, though no step waits for anything.
    const timed = new AbortController();
    setTimeout(() => timed.abort(reason), 1);
    await expect(tsne(x, { perplexity: 10, signal: timed.signal, patience: 1e6 })).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  }, 120_000);

  test('features that are all the same end as finite points', async () => {
    const x = tf.ones<tf.Rank.R2>([20, 4]);
    const { embedding, scores } = await tsne(x, { perplexity: 5, iterations: 60 });
    expect(embedding.every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(scores.divergence)).toBe(true);
    x.dispose();
  });

  test('the scale of features is none of its business, were their squares to overflow or to vanish', async () => {
    const values = groupedPoints({ ...fixture, n: 30 }).subarray(0, 30 * fixture.dimension);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const ordinary = 2 ** -Math.round(Math.log2(largest));
    const embeddings: Float32Array[] = [];
    for (const scale of [ordinary, 2 ** 100, 2 ** -100]) {
      const x = matrix(
        values.map((value) => value * scale),
        fixture.dimension,
      );
      const { embedding } = await tsne(x, { perplexity: 5, iterations: 60 });
      embeddings.push(embedding);
      x.dispose();
    }
    expect(embeddings[1]).toEqual(embeddings[0]);
    expect(embeddings[2]).toEqual(embeddings[0]);
  });

  test('a gradient of nothing ends it after the exaggeration', async () => {
    const x = matrix(groupedPoints(small), small.dimension);
    const { scores } = await tsne(x, { perplexity: 10, leastGradient: 1e9, iterations: 900 });
    expect(scores.iterations).toBe(300);
    x.dispose();
  }, 120_000);

  test.each([
    ['NaN', () => tf.tensor2d([1, 2, NaN, 4, 5, 6], [3, 2]), { perplexity: 2 }, 'NON_FINITE_FEATURES'],
    ['no features', () => tf.zeros([0, 3]), {}, 'EMPTY_SPLIT'],
    ['a vector', () => tf.ones([9]), {}, 'INVALID_SHAPE'],
    ['integers', () => tf.ones([40, 3], 'int32'), {}, 'INVALID_DTYPE'],
    ['as few points as the perplexity', () => tf.ones([30, 3]), {}, 'TOO_FEW_SAMPLES'],
    ['two points', () => tf.ones([2, 3]), { perplexity: 1 }, 'TOO_FEW_SAMPLES'],
    ['a perplexity below 1', () => tf.ones([40, 3]), { perplexity: 0.5 }, 'INVALID_OPTION'],
    ['more neighbours than points', () => tf.ones([40, 3]), { neighbours: 40 }, 'INVALID_OPTION'],
    ['fewer neighbours than the perplexity', () => tf.ones([40, 3]), { neighbours: 20 }, 'INVALID_OPTION'],
    ['no steps', () => tf.ones([40, 3]), { iterations: 0 }, 'INVALID_OPTION'],
    ['a learning rate of 0', () => tf.ones([40, 3]), { learningRate: 0 }, 'INVALID_OPTION'],
  ])('refuses %s', async (_, make, options: TsneOptions, code) => {
    const x = make() as tf.Tensor2D;
    const before = tf.memory().numTensors;
    await expect(tsne(x, options)).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
