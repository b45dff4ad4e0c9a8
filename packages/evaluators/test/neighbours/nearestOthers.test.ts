import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { rowsOfBlock } from '../../src/neighbours/highestOthers.js';
import { nearestOthers } from '../../src/neighbours/nearestOthers.js';
import { squaredDistances } from '../../src/neighbours/squaredDistances.js';
import { describeOnEveryEngine } from '../engines.js';
import { matrix, naiveSquaredDistances, uniform } from '../points.js';

describeOnEveryEngine('nearestOthers', () => {
  test.each([2, 9])('are those of a naive search, in %d dimensions', async (dimension) => {
    const n = 83;
    const values = uniform(n * dimension, 3).map((value) => value + 10);
    const x = matrix(values, dimension);
    const before = tf.memory().numTensors;
    const { indices, squaredDistances: found } = await nearestOthers(x, 5);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    naiveSquaredDistances(Float32Array.from(values), dimension).forEach((row, i) => {
      const order = row.map((_, j) => j).filter((j) => j !== i);
      order.sort((a, b) => row[a]! - row[b]!);
      expect([...indices.subarray(i * 5, i * 5 + 5)]).toEqual(order.slice(0, 5));
      order.slice(0, 5).forEach((j, rank) => expect(found[i * 5 + rank]!).toBeCloseTo(row[j]!, 4));
    });
  });

  test('a point among equals is still not its own neighbour', async () => {
    const x = tf.ones<tf.Rank.R2>([9, 6]);
    const { indices, squaredDistances: found } = await nearestOthers(x, 4);
    for (let at = 0; at < indices.length; at++) expect(indices[at]).not.toBe(Math.floor(at / 4));
    for (let i = 0; i < 9; i++) expect(new Set(indices.subarray(4 * i, 4 * i + 4)).size).toBe(4);
    expect([...found].every((distance) => distance === 0)).toBe(true);
    x.dispose();
  });

  test('distances come in blocks of rows', () => {
    const x = matrix(uniform(70, 5), 7);
    const distances = squaredDistances(x);
    const expected = naiveSquaredDistances(Float32Array.from(uniform(70, 5)), 7);
    const rows = tf.tidy(() => distances.rows(3, 4).arraySync());
    rows.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[3 + i]![j]!, 5)));
    distances.dispose();
    x.dispose();
  });
});

test('a block of rows stays within 16 MiB, but has one row at least', () => {
  expect(rowsOfBlock(10_000) * 10_000 * 4).toBeLessThanOrEqual(2 ** 24);
  expect(rowsOfBlock(10_000)).toBe(419);
  expect(rowsOfBlock(1e8)).toBe(1);
});
