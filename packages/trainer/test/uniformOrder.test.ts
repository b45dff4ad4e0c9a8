import { expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';

import { uniformOrder } from '../src/methods/uniformOrder.js';

/** Images of each cluster; the third is empty. */
const SIZES = [10, 3, 0, 1, 7];
const WITHOUT = 3;
const assignments = Int32Array.from([
  ...SIZES.flatMap((size, cluster) => Array.from({ length: size }, () => cluster)),
  ...Array.from({ length: WITHOUT }, () => -1),
]);
const n = assignments.length;
/** floor(24 / 4) + 1 */
const SHARE = 7;

const orderOf = (seed: number, epoch = 0) =>
  uniformOrder(assignments, SIZES.length, randomStream({ seed, purpose: 'order', epoch }));

/** How often each of `count` things is named, one after the other. */
function timesOf(names: Iterable<number>, count: number): number[] {
  const times = Array.from({ length: count }, () => 0);
  for (const name of names) times[name]! += 1;
  return times;
}

test('has as many places as there are images, and about as many for each cluster', () => {
  const totals = SIZES.map(() => 0);
  const seeds = 60;
  for (let seed = 0; seed < seeds; seed++) {
    const order = orderOf(seed);
    expect(order).toBeInstanceOf(Int32Array);
    expect(order).toHaveLength(n);
    const clusters = [...order].map((image) => assignments[image]!);
    // Images without a cluster do not come.
    expect(Math.min(...clusters)).toBe(0);
    for (const [cluster, times] of timesOf(clusters, SIZES.length).entries()) {
      expect(times).toBeLessThanOrEqual(SHARE);
      totals[cluster]! += times;
    }
  }
  // Of 4 x 7 draws 24 are left, and which ones is a matter of chance.
  for (const [cluster, size] of SIZES.entries()) {
    const mean = totals[cluster]! / seeds;
    if (size === 0) expect(mean).toBe(0);
    else expect(Math.abs(mean - n / 4)).toBeLessThan(0.4);
  }
});

test('has images of a large cluster at most once, and those of a small one again', () => {
  let repeated = 0;
  const everyOne = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    for (const [image, times] of timesOf(orderOf(seed), n).entries()) {
      if (times > 0) everyOne.add(image);
      if (SIZES[assignments[image]!]! > SHARE) expect(times).toBeLessThanOrEqual(1);
      else if (times > 1) repeated += 1;
    }
    // The one image of its cluster stands for all of it.
    expect(timesOf(orderOf(seed), n)[13]).toBeGreaterThanOrEqual(SHARE - 4);
  }
  expect(repeated).toBeGreaterThan(60);
  expect(everyOne.size).toBe(n - WITHOUT);
});

test('mixes the clusters, the same way for the same stream', () => {
  expect(orderOf(1)).toEqual(orderOf(1));
  expect(orderOf(1)).not.toEqual(orderOf(2));
  expect(orderOf(1)).not.toEqual(orderOf(1, 1));
  const clusters = [...orderOf(1)].map((image) => assignments[image]!);
  const changes = clusters.filter((cluster, place) => place > 0 && cluster !== clusters[place - 1]).length;
  expect(changes).toBeGreaterThan(n / 2);
});
