import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import { concentration } from '@protocl/clustering';

import { uniform } from './points.js';

interface Case {
  readonly n: number;
  readonly k: number;
  readonly alpha: number;
  readonly temperature: number;
  readonly clip: readonly [number, number];
  readonly concentration: readonly number[];
}

const { concentrations } = JSON.parse(
  await readFile(new URL('fixtures/clusterScores.json', import.meta.url), 'utf8'),
) as { readonly concentrations: readonly Case[] };

describe('concentration', () => {
  test.each(concentrations)('of $k clusters is what numpy computes', (given) => {
    const { n, k, alpha, temperature, clip } = given;
    const assignments = Int32Array.from({ length: n }, (_, i) => i ** 2 % k);
    assignments[n - 1] = 2;
    const distances = Float32Array.from(uniform(n, 9), (value) => (value + 1) / 2);
    assignments.forEach((cluster, i) => {
      if (cluster === 4) distances[i] = 0;
    });
    const result = concentration(distances, assignments, k, { alpha, temperature, clip });
    result.forEach((value, i) => expect(value / given.concentration[i]!).toBeCloseTo(1, 6));
    const mean = result.reduce((sum, value) => sum + value, 0) / k;
    expect(mean).toBeCloseTo(temperature, 6);
  });

  test('by hand: two clusters, one of them alone', () => {
    // 3 / (2 log 12) for the first; the second has one point and takes the same.
    const whole = { temperature: 0.2, clip: [0, 100] as const };
    const equal = concentration([1, 2, 7], [0, 0, 1], 2, whole);
    expect(equal[0]).toBeCloseTo(0.2, 7);
    expect(equal[1]).toBeCloseTo(0.2, 7);
    // 4 / (2 log 12) and 1 / (2 log 12): a mean of 2.5 becomes 0.2.
    const different = concentration([2, 2, 0.5, 0.5], [0, 0, 1, 1], 2, whole);
    expect(different[0]).toBeCloseTo(0.32, 6);
    expect(different[1]).toBeCloseTo(0.08, 6);
  });

  test('a larger cluster of equal distances counts as more concentrated', () => {
    const [large, small] = concentration([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1], 2, {
      temperature: 1,
      clip: [0, 100],
    }) as unknown as [number, number];
    expect(large / small).toBeCloseTo(Math.log(12) / Math.log(14), 6);
  });

  test.each([
    ['every cluster has one point', [0.5, 0.25, 0.125], [0, 1, 2]],
    ['all points lie on their centroids', [0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2]],
    ['there are no points', [], []],
  ])('is τ for all where %s', (_, distances, assignments) => {
    expect([...concentration(distances, assignments, 3, { temperature: 0.5 })]).toEqual([0.5, 0.5, 0.5]);
  });

  test('copies, whose mean is a rounding away from them, take the largest value as single points do', () => {
    const whole = { temperature: 0.2, clip: [0, 100] as const };
    // Both other clusters have a mean distance of 0.45.
    const result = concentration([1e-8, 1e-8, 0.5, 0.4, 0.3, 0.6], [0, 0, 1, 1, 2, 2], 3, whole);
    for (const value of result) expect(value).toBeCloseTo(0.2, 7);
    // The mean of many is further away: 1000 additions round by up to 6e-5.
    const many = Array.from({ length: 1000 }, () => 2e-5);
    const assignments = [...many.map(() => 0), 1, 1, 2, 2];
    const ofMany = concentration([...many, 0.5, 0.4, 0.3, 0.6], assignments, 3, { ...whole, length: 1 });
    for (const value of ofMany) expect(value).toBeCloseTo(0.2, 7);
  });

  test('the length of the points tells rounding where all distances are small', () => {
    const [distances, assignments] = [
      [2e-8, 1e-8, 3e-8, 4e-8],
      [0, 0, 1, 1],
    ];
    const options = { temperature: 0.2, clip: [0, 100] as const };
    expect([...concentration(distances, assignments, 2, { ...options, length: 1 })]).toEqual([
      Math.fround(0.2),
      Math.fround(0.2),
    ]);
    // Of small points they are distances like others, whatever the scale.
    const [first, second] = concentration(distances, assignments, 2, { ...options, length: 1e-7 });
    expect(second! / first!).toBeCloseTo(7 / 3, 5);
    const scaled = concentration(
      distances.map((distance) => distance * 2 ** 40),
      assignments,
      2,
      options,
    );
    expect([...concentration(distances, assignments, 2, options)]).toEqual([...scaled]);
  });

  test.each([
    ['a length of 0', [1], [0], 1, { temperature: 1, length: 0 }, 'INVALID_OPTION'],
    ['a temperature of 0', [1], [0], 1, { temperature: 0 }, 'INVALID_OPTION'],
    ['a temperature that is NaN', [1], [0], 1, { temperature: NaN }, 'INVALID_OPTION'],
    ['an alpha of 0', [1], [0], 1, { temperature: 1, alpha: 0 }, 'INVALID_OPTION'],
    ['percentiles that fall', [1], [0], 1, { temperature: 1, clip: [90, 10] as const }, 'INVALID_OPTION'],
    ['no clusters', [1], [0], 0, { temperature: 1 }, 'INVALID_OPTION'],
    ['a cluster that is none', [1], [1], 1, { temperature: 1 }, 'INVALID_OPTION'],
    ['a distance that is NaN', [NaN], [0], 1, { temperature: 1 }, 'INVALID_OPTION'],
    ['a negative distance', [-1], [0], 1, { temperature: 1 }, 'INVALID_OPTION'],
    ['lists of different lengths', [1, 2], [0], 1, { temperature: 1 }, 'INVALID_SHAPE'],
  ])('refuses %s', (_, distances, assignments, k, options, code) => {
    expect(() => concentration(distances, assignments, k, options)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
