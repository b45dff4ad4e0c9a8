import { describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';

import { splitEmptyClusters } from '../src/kmeans/splitEmptyClusters.js';

const random = (step: number) => randomStream({ seed: 1, purpose: 'test', step });

describe('splitEmptyClusters', () => {
  test('an empty cluster gets half of another, and both move apart', () => {
    const state = {
      centroids: Float32Array.of(1024, 2048, 7, 7),
      sizes: Float64Array.of(5, 0),
      isDivisible: Uint8Array.of(1, 0),
    };
    expect(splitEmptyClusters(state, random(0))).toBe(1);
    expect([...state.centroids]).toEqual([1023, 2050, 1025, 2046]);
    expect([...state.sizes]).toEqual([3, 2]);
  });

  test('a cluster is drawn in proportion to its size less one', () => {
    const draws = [0, 0, 0, 0];
    for (let step = 0; step < 3000; step += 1) {
      const sizes = Float64Array.of(1, 11, 0, 31);
      splitEmptyClusters(
        { centroids: new Float32Array(4), sizes, isDivisible: Uint8Array.of(1, 1, 0, 1) },
        random(step),
      );
      [1, 11, 0, 31].forEach((size, cluster) => {
        if (sizes[cluster]! < size) draws[cluster]! += 1;
      });
    }
    expect([draws[0], draws[2]]).toEqual([0, 0]);
    // A quarter, with a standard deviation of 0.8%.
    expect(draws[1]! / 3000).toBeGreaterThan(0.22);
    expect(draws[1]! / 3000).toBeLessThan(0.28);
    expect(draws[1]! + draws[3]!).toBe(3000);
  });

  test('what cannot be divided stays, and is counted', () => {
    const state = {
      centroids: Float32Array.of(3, 4, 5),
      sizes: Float64Array.of(9, 0, 1),
      isDivisible: Uint8Array.of(0, 0, 0),
    };
    expect(splitEmptyClusters(state, random(0))).toBe(0);
    expect([...state.centroids]).toEqual([3, 4, 5]);
  });

  test('one cluster can be split for many', () => {
    const sizes = Float64Array.of(100, 0, 0, 0, 0);
    const state = {
      centroids: new Float32Array(5).fill(1),
      sizes,
      isDivisible: Uint8Array.of(1, 0, 0, 0, 0),
    };
    expect(splitEmptyClusters(state, random(0))).toBe(4);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
  });
});
