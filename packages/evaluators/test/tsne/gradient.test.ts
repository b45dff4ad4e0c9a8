import { expect, test } from '@jest/globals';

import { attraction, divergence } from '../../src/tsne/attraction.js';
import { conditionalProbabilities } from '../../src/tsne/conditionalProbabilities.js';
import { pairProbabilities } from '../../src/tsne/pairProbabilities.js';
import { repulsion } from '../../src/tsne/repulsion.js';
import { describeOnEveryEngine } from '../engines.js';
import { uniform } from '../points.js';

const N = 40;
const K = 7;
/** Each point's neighbours: some that name it too and some that do not. */
const indices = Int32Array.from({ length: N * K }, (_, at) => {
  const point = Math.floor(at / K);
  return (point + [1, 2, 3, 5, 9, 14, 39][at % K]!) % N;
});
const distances = Float32Array.from(uniform(N * K, 4), (value) => value + 1.5);

const dense = (values: Float64Array): number[][] => {
  const rows = Array.from({ length: N }, () => new Array<number>(N).fill(0));
  values.forEach((value, at) => (rows[Math.floor(at / K)]![indices[at]!] = value));
  return rows;
};

test('conditional probabilities add up to 1 and have the wanted perplexity', () => {
  for (const perplexity of [1.5, 3, 6.9]) {
    const conditional = conditionalProbabilities(distances, K, perplexity);
    for (let i = 0; i < N; i++) {
      const own = conditional.subarray(i * K, (i + 1) * K);
      expect(own.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      const entropy = -own.reduce((sum, p) => sum + p * Math.log(p), 0);
      expect(Math.exp(entropy)).toBeCloseTo(perplexity, 3);
      const order = [...own.keys()].sort((a, b) => distances[i * K + a]! - distances[i * K + b]!);
      order.reduce((before, after) => {
        expect(own[after]!).toBeLessThanOrEqual(own[before]!);
        return after;
      });
    }
  }
});

test('distances far beyond the width of a float still have probabilities', () => {
  const far = Float32Array.of(1e6, 1e6 + 1, 1e6 + 2, 4, 5, 6);
  const conditional = conditionalProbabilities(far, 3, 2);
  expect(conditional[0]! + conditional[1]! + conditional[2]!).toBeCloseTo(1, 12);
  expect([...conditional.subarray(0, 3)]).toEqual([...conditional.subarray(3)]);
});

test('pairs have the mean of both conditional probabilities', () => {
  const conditional = conditionalProbabilities(distances, K, 4);
  const given = dense(conditional);
  const { starts, others, values } = pairProbabilities(indices, conditional, K);
  const seen = Array.from({ length: N }, () => new Array<number>(N).fill(0));
  for (let i = 0; i < N; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      expect(others[at]!).toBeGreaterThan(i);
      expect(seen[i]![others[at]!]).toBe(0);
      seen[i]![others[at]!] = values[at]!;
    }
  }
  for (let i = 0; i < N; i++) {
    for (let j = i + 1; j < N; j++)
      expect(seen[i]![j]).toBeCloseTo((given[i]![j]! + given[j]![i]!) / (2 * N), 14);
  }
  expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0.5, 12);
});

describeOnEveryEngine('the gradient', () => {
  test.each([1e-4, 1, 30])('is that of the divergence, of an embedding as wide as %d', async (width) => {
    const pairs = pairProbabilities(indices, conditionalProbabilities(distances, K, 4), K);
    const embedding = uniform(2 * N, 8).map((value) => value * width);
    const pull = new Float64Array(2 * N);
    attraction(pairs, embedding, pull);
    const { forces, normalizer } = await repulsion(embedding);
    const at = (moved: Float64Array): number => divergence(pairs, moved, naiveNormalizer(moved));
    expect(normalizer / naiveNormalizer(embedding)).toBeCloseTo(1, 4);
    const scale = Math.max(...pull.map(Math.abs), ...forces.map(Math.abs));
    for (let i = 0; i < 2 * N; i++) {
      const step = width * 1e-3;
      const [up, down] = [step, -step].map((change) => at(embedding.with(i, embedding[i]! + change)));
      const slope = (up! - down!) / (2 * step);
      expect(Math.abs(4 * (pull[i]! - forces[i]!) - slope) / (4 * scale)).toBeLessThan(2e-3);
    }
  });
});

function naiveNormalizer(embedding: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      const dx = embedding[2 * i]! - embedding[2 * j]!;
      const dy = embedding[2 * i + 1]! - embedding[2 * j + 1]!;
      if (i !== j) sum += 1 / (1 + dx * dx + dy * dy);
    }
  }
  return sum;
}
