import { expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';

import { selectPrototypes } from '../src/selectPrototypes.js';

const clusters = Int32Array.of(4, 1, 4, 0, 1);

test('merge: each positive once, and every row knows its own', () => {
  const { columns, positives, own } = selectPrototypes('test', clusters, 7, {});
  expect([...columns]).toEqual([4, 1, 0, 2, 3, 5, 6]);
  expect(positives).toBe(3);
  expect([...own]).toEqual([0, 1, 0, 2, 1]);
});

test('keep: one column a row', () => {
  const { columns, positives, own } = selectPrototypes('test', clusters, 7, { duplicates: 'keep' });
  expect([...columns]).toEqual([4, 1, 4, 0, 1, 2, 3, 5, 6]);
  expect(positives).toBe(5);
  expect([...own]).toEqual([0, 1, 2, 3, 4]);
});

test('drawn negatives are unused prototypes, each at most once, and all equally often', () => {
  const draws = 6000;
  const drawn = Array.from({ length: 10 }, () => 0);
  for (let step = 0; step < draws; step++) {
    const rng = randomStream({ seed: 2, purpose: 'negatives', step });
    const { columns, positives } = selectPrototypes('test', clusters, 10, { negatives: 3, rng });
    const negatives = columns.slice(positives);
    expect(new Set(negatives).size).toBe(3);
    for (const prototype of negatives) drawn[prototype]!++;
  }
  // 7 unused of which 3 are drawn; 6000 draws of probability 3/7 deviate by 38.
  for (const prototype of [0, 1, 4]) expect(drawn[prototype]).toBe(0);
  for (const prototype of [2, 3, 5, 6, 7, 8, 9]) {
    expect(Math.abs(drawn[prototype]! - (draws * 3) / 7)).toBeLessThan(160);
  }
});

test('the same stream draws the same, and as many as there are is all of them', () => {
  const select = (negatives: number, step: number) => {
    const rng = randomStream({ seed: 2, purpose: 'negatives', step });
    return [...selectPrototypes('test', clusters, 50, { negatives, rng }).columns];
  };
  expect(select(20, 1)).toEqual(select(20, 1));
  expect(select(20, 1)).not.toEqual(select(20, 2));
  expect(select(47, 1).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, prototype) => prototype),
  );
});
