import { describe, expect, test } from '@jest/globals';
import { clusterMembers } from '@protocl/evaluators';

import { uniform } from '../points.js';

const assignments = Int32Array.from({ length: 200 }, (_, i) => [0, 1, 1, 3][i % 4]!);
const distances = uniform(200, 2).map(Math.abs);

describe('clusterMembers', () => {
  const chosen = clusterMembers(assignments, distances, { k: 5, nearest: 6, random: 20, seed: 1 });

  test('names each cluster, empty ones included', () => {
    expect(chosen.map(({ cluster, size }) => [cluster, size])).toEqual([
      [0, 50],
      [1, 100],
      [2, 0],
      [3, 50],
      [4, 0],
    ]);
  });

  test('the nearest are those that no other member is nearer than, nearest first', () => {
    for (const { cluster, nearest } of chosen) {
      const own = [...assignments.keys()].filter((i) => assignments[i] === cluster);
      own.sort((a, b) => distances[a]! - distances[b]!);
      expect([...nearest]).toEqual(own.slice(0, 6));
    }
  });

  test('the random ones are different members, others with another seed', () => {
    for (const { cluster, size, random } of chosen) {
      expect(random).toHaveLength(Math.min(20, size));
      expect(new Set(random).size).toBe(random.length);
      for (const member of random) expect(assignments[member]).toBe(cluster);
    }
    const draw = (seed: number) =>
      clusterMembers(assignments, distances, { k: 5, seed }).map(({ random }) => random);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });

  test('every member is drawn about equally often', () => {
    const counts = new Map<number, number>();
    for (let seed = 0; seed < 400; seed++) {
      for (const member of clusterMembers(assignments, distances, { k: 5, random: 10, seed })[0]!.random) {
        counts.set(member, (counts.get(member) ?? 0) + 1);
      }
    }
    // 80 expected of each of 50, with a standard deviation of 8.
    expect(counts.size).toBe(50);
    for (const count of counts.values()) expect(Math.abs(count - 80)).toBeLessThan(40);
  });

  test.each([
    ['no samples', [], [], 'EMPTY_SPLIT'],
    ['a distance too few', [0, 1], [1], 'INVALID_SHAPE'],
    ['NaN', [0, 1], [1, NaN], 'NON_FINITE_FEATURES'],
    ['a cluster that is none', [0, 2], [1, 1], 'INVALID_LABELS'],
  ])('refuses %s', (_, given, far, code) => {
    expect(() => clusterMembers(given, far, { k: 2, seed: 0 })).toThrow(expect.objectContaining({ code }));
  });
});
