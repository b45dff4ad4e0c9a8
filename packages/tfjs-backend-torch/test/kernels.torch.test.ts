import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { TorchBackendError } from '../src/index.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

// What tfjs-core's own suite, which runs against the backend as a whole, leaves open.

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);

let tensorsBefore = 0;

beforeEach(() => {
  tf.engine().startScope();
  tensorsBefore = tf.memory().numTensors;
});

afterEach(() => {
  tf.engine().endScope();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

/** Whole numbers from 0 to `limit` in no order, with many repetitions. */
const scattered = (count: number, limit: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7919) % 10007) % limit);

function expectClose(actual: tf.Tensor, expected: readonly number[]): void {
  const values = Array.from(actual.dataSync());
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 4));
}

describe('topk', () => {
  const columns = 300;
  const values = scattered(4 * columns, 37);

  /** A full sort of each row by value, then by place. */
  function expectedOfRow(row: number, k: number): number[] {
    const at = (column: number): number => values[row * columns + column] as number;
    return Array.from({ length: columns }, (_, column) => column)
      .sort((a, b) => at(b) - at(a) || a - b)
      .slice(0, k);
  }

  test.each([0, 1, 7, 150, columns])('of equal values takes the first ones, k = %i', (k) => {
    for (const dtype of ['float32', 'int32'] as const) {
      const x = tf.tensor2d(values, [4, columns], dtype);
      const { values: largest, indices } = tf.topk(x, k);
      const expected = [0, 1, 2, 3].flatMap((row) => expectedOfRow(row, k));
      expect(Array.from(indices.dataSync())).toEqual(expected);
      expect(largest.dtype).toBe(dtype);
      expect(Array.from(largest.dataSync())).toEqual(
        expected.map((column, i) => values[Math.floor(i / k) * columns + column]),
      );
    }
  });
});

test('topk of long rows is a full sort, and what is no number comes first', () => {
  const [rows, columns, k] = [3, 10_007, 200];
  // In the last row values fall, rise and repeat; in the first, some are no numbers.
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i) * 3);
  for (let i = 0; i < columns; i++) values[2 * columns + i] = Math.floor(i / 7) % 900;
  for (const place of [4, 5000, columns - 1]) values[place] = NaN;
  const x = tf.tensor2d(values, [rows, columns]);
  const { values: largest, indices } = tf.topk(x, k);
  const rank = (value: number) => (Number.isNaN(value) ? Infinity : value);
  const expected = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => column)
      .sort((a, b) => {
        const [first, second] = [a, b].map((column) => rank(values[row * columns + column]!));
        return first === second ? a - b : second! - first!;
      })
      .slice(0, k),
  );
  expect(indices.arraySync()).toEqual(expected);
  expect(Array.from(largest.dataSync())).toEqual(
    expected.flatMap((places, row) => places.map((column) => values[row * columns + column])),
  );
});

describe('whole numbers divided by what stops a processor', () => {
  const least = -(2 ** 31);
  const a = [7, -7, 0, 5, 5, least];
  const b = [0, 2, 0, -3, -1, -1];

  test('floorDiv', () => {
    const quotient = tf.floorDiv(tf.tensor1d(a, 'int32'), tf.tensor1d(b, 'int32'));
    expect(Array.from(quotient.dataSync())).toEqual([0, -4, 0, -2, -5, least]);
  });

  test('mod', () => {
    const rest = tf.mod(tf.tensor1d(a, 'int32'), tf.tensor1d(b, 'int32'));
    expect(Array.from(rest.dataSync())).toEqual([0, 1, 0, -1, 0, 0]);
  });
});

test('strings compare by their bytes and broadcast', () => {
  const words = tf.tensor(['b', 'é', 'ab', 'z'], [4, 1], 'string');
  const others = tf.tensor(['b', 'z'], [2], 'string');
  expect(Array.from(tf.less(words, others).dataSync())).toEqual([0, 1, 0, 0, 1, 1, 0, 0]);
});

test('prelu takes weights of any shape that broadcasts', () => {
  const x = [-1, 2, -3, 4, -5, 6];
  const weights = [0.5, 0.25];
  const expected = x.map((value, i) => (value < 0 ? value * (weights[Math.floor(i / 3)] as number) : value));
  expectClose(tf.prelu(tf.tensor2d(x, [2, 3]), tf.tensor2d(weights, [2, 1])), expected);
});

test('step keeps NaN and gives alpha up to zero', () => {
  const x = tf.tensor1d([-Infinity, -1, -0, 0, 1e-30, Infinity, Number.NaN]);
  expect(Array.from(tf.step(x, 0.25).dataSync())).toEqual([0.25, 0.25, 0.25, 0.25, 1, 1, Number.NaN]);
});

test('batch normalization takes statistics of the channels and of the shape of x', () => {
  const shape: [number, number, number, number] = [2, 3, 2, 4];
  const size = 48;
  const x = scattered(size, 11);
  const wide = scattered(size, 5);
  const [mean, variance, offset, scale] = [wide, wide.map((v) => v + 1), wide.map((v) => -v), x] as const;
  for (const length of [4, size]) {
    const parameter = (values: readonly number[]): tf.Tensor4D =>
      tf.tensor<tf.Rank>(values.slice(0, length), length === 4 ? [4] : shape) as tf.Tensor4D;
    const actual = tf.batchNorm(
      tf.tensor4d(x, shape),
      parameter(mean),
      parameter(variance),
      parameter(offset),
      parameter(scale),
      0.01,
    );
    const expected = x.map((value, i) => {
      const of = (values: readonly number[]): number => values[i % length] as number;
      return ((value - of(mean)) * of(scale)) / Math.sqrt(of(variance) + 0.01) + of(offset);
    });
    expectClose(actual, expected);
  }
});

test.each(['cumsum', 'cumprod'] as const)('%s leaves an empty tensor empty', (scan) => {
  for (const exclusive of [false, true]) {
    const result = tf[scan](tf.zeros([3, 0]), 1, exclusive, true);
    expect(result.shape).toEqual([3, 0]);
  }
});

test('a seed draws the same samples in every row, by their probabilities', () => {
  const probabilities = tf.tensor2d([0.1, 0.2, 0.7, 0.1, 0.2, 0.7], [2, 3]);
  const draws = tf.multinomial(probabilities, 4000, 7, true) as tf.Tensor2D;
  const again = tf.multinomial(probabilities, 4000, 7, true) as tf.Tensor2D;
  expect(again.arraySync()).toEqual(draws.arraySync());
  const [first, second] = draws.arraySync() as [number[], number[]];
  expect(second).toEqual(first);
  [0.1, 0.2, 0.7].forEach((probability, index) => {
    const share = first.filter((draw) => draw === index).length / first.length;
    expect(Math.abs(share - probability)).toBeLessThan(0.03);
  });
});

test('a transposed tensor is a view that outlives its source', () => {
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  const turned = tf.transpose(x);
  x.dispose();
  expect(Array.from(turned.dataSync())).toEqual([1, 4, 2, 5, 3, 6]);
  expect(Array.from(tf.reshape(turned, [6]).dataSync())).toEqual([1, 4, 2, 5, 3, 6]);
});

test('negative numbers cannot be counted', () => {
  expect(() => tf.bincount(tf.tensor1d([1, -1], 'int32'), tf.tensor1d([]), 3)).toThrow(TorchBackendError);
});
