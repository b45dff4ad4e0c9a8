import { describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import { averagePrecision, type AveragePrecisionMethod } from '@protocl/evaluators';

import { svmFixture } from './svmFixture.js';

/** The definition, point by point: a threshold at every score. */
function naive(scores: number[], targets: number[], method: AveragePrecisionMethod): number {
  const counted = scores
    .map((score, i) => ({ score, target: targets[i]! }))
    .filter(({ target }) => target !== 0);
  const total = counted.filter(({ target }) => target === 1).length;
  const points = [...new Set(scores)]
    .sort((a, b) => b - a)
    .map((threshold) => {
      const above = counted.filter(({ score }) => score >= threshold);
      const hits = above.filter(({ target }) => target === 1).length;
      return { recall: hits / total, precision: above.length === 0 ? 0 : hits / above.length };
    });
  const raised = (recall: number) =>
    Math.max(...points.filter((point) => point.recall >= recall - 1e-12).map(({ precision }) => precision));
  if (method === 'elevenPoint') {
    return Array.from({ length: 11 }, (_, tenth) => raised(tenth / 10)).reduce((a, b) => a + b) / 11;
  }
  return points.reduce((sum, { recall, precision }, i) => {
    const gained = recall - (points[i - 1]?.recall ?? 0);
    return sum + gained * (method === 'step' ? precision : raised(recall));
  }, 0);
}

describe('averagePrecision', () => {
  test('without interpolation is that of scikit-learn, ties included', () => {
    const { scores, targets, averagePrecision: expected } = svmFixture.ranking;
    expect(averagePrecision(scores, targets, { method: 'step' })).toBeCloseTo(expected, 12);
    for (const { scores: lists, averagePrecisions } of svmFixture.fits) {
      lists.forEach((list, c) => {
        const own = svmFixture.test.labels.map((label) => (label === c ? 1 : -1));
        expect(averagePrecision(list, own, { method: 'step' })).toBeCloseTo(averagePrecisions[c]!, 12);
      });
    }
  });

  test.each(['area', 'elevenPoint', 'step'] as const)('%s is what the definition gives', (method) => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomStream({ seed, purpose: 'ranking' });
      const count = 3 + random.integers(1, 60)[0]!;
      const scores = Array.from(random.integers(count, 25), (value) => value / 4);
      const targets = Array.from(random.integers(count, 3), (value) => value - 1);
      targets[1] = 1;
      expect(averagePrecision(scores, targets, { method })).toBeCloseTo(naive(scores, targets, method), 12);
    }
  });

  test('worked by hand: a positive, a negative, a positive', () => {
    const ranking = [
      [3, 2, 1],
      [1, -1, 1],
    ] as const;
    expect(averagePrecision(...ranking, { method: 'step' })).toBeCloseTo(1 / 2 + (1 / 2) * (2 / 3), 12);
    expect(averagePrecision(...ranking, { method: 'area' })).toBeCloseTo(1 / 2 + (1 / 2) * (2 / 3), 12);
    expect(averagePrecision(...ranking, { method: 'elevenPoint' })).toBeCloseTo((6 + 5 * (2 / 3)) / 11, 12);
    const raised = [
      [3, 2, 1],
      [-1, 1, 1],
    ] as const;
    expect(averagePrecision(...raised, { method: 'step' })).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
    expect(averagePrecision(...raised, { method: 'area' })).toBeCloseTo(2 / 3, 12);
  });

  test('images that are hard to recognize do not count', () => {
    expect(averagePrecision([5, 4, 3], [0, 1, -1])).toBe(1);
    expect(averagePrecision([5, 4, 3], [-1, 1, -1])).toBe(1 / 2);
  });

  test('has no value without a positive sample', () => {
    expect(averagePrecision([2, 1], [-1, 0])).toBeNaN();
    expect(averagePrecision([], [])).toBeNaN();
  });

  test.each([
    ['too few targets', [1, 2], [1], 'INVALID_SHAPE'],
    ['NaN', [1, NaN], [1, -1], 'NON_FINITE_FEATURES'],
    ['other targets', [1, 2], [1, 2], 'INVALID_LABELS'],
  ])('refuses %s', (_, scores, targets, code) => {
    expect(() => averagePrecision(scores, targets)).toThrow(expect.objectContaining({ code }));
  });
});
