import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

import { registerGradients } from '../src/index.js';
import { expectGradients, sampleTensor } from './numericGradient.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

type Range = readonly [low: number, high: number];

function expectNumericGradients(f: (...inputs: Tensor[]) => Tensor, shapes: number[][], range: Range): void {
  const [low, high] = range;
  tf.tidy(() =>
    expectGradients(
      f,
      shapes.map((shape, index) => sampleTensor(shape, { seed: index + 3, low, high })),
    ),
  );
}

const AXES: (number | number[] | undefined)[] = [undefined, 0, 1, -1, [0, 2], [1, -1], [2, 0], [0, 1, 2]];
const KEPT = AXES.flatMap((axis) => [false, true].map((keepDims) => ({ axis, keepDims })));

const REDUCTIONS: Record<
  string,
  [f: (x: Tensor, axis?: number | number[], keepDims?: boolean) => Tensor, range: Range]
> = {
  LogSumExp: [tf.logSumExp, [-1, 1]],
  // Far enough apart that no step of the differences changes which one is the extreme.
  Max: [tf.max, [-20, 20]],
  Mean: [tf.mean, [-1, 1]],
  Min: [tf.min, [-20, 20]],
  Norm: [(x, axis, keepDims) => tf.norm(x, 'euclidean', axis, keepDims), [0.5, 1.5]],
  Prod: [tf.prod, [0.5, 1.5]],
  Sum: [tf.sum, [-1, 1]],
};

describe.each(Object.entries(REDUCTIONS))('the gradient of %s', (name, [reduce, range]) => {
  // A norm is of a vector or a matrix.
  const cases = KEPT.filter(({ axis }) => name !== 'Norm' || !(Array.isArray(axis) && axis.length > 2));
  test.each(cases)('along $axis, keepDims $keepDims', ({ axis, keepDims }) => {
    expectNumericGradients((x) => reduce(x, axis, keepDims), [[2, 3, 4]], range);
  });
});

test('the gradient of min along an axis goes to the least of each row, to all that are equal', () => {
  const x = tf.tensor2d([
    [1, 1, 0],
    [2, -1, 2],
  ]);
  const gradient = (f: (x: Tensor) => Tensor) =>
    tf
      .grad((at) => tf.sum(f(at)))(x)
      .arraySync();
  expect(gradient((at) => tf.min(at, 1))).toEqual([
    [0, 0, 1],
    [0, 1, 0],
  ]);
  expect(gradient((at) => tf.max(at, 1, true))).toEqual([
    [1, 1, 0],
    [1, 0, 1],
  ]);
});

const ALONG: Record<string, (x: Tensor, axis: number) => Tensor> = {
  Concat: (x, axis) => tf.concat([x, tf.mul(x, 2)], axis),
  // TensorFlow.js's cpu backend cannot count an axis of it from the end.
  Cumsum: (x, axis) => tf.cumsum(x, (axis + 3) % 3),
  'Cumsum exclusive': (x, axis) => tf.cumsum(x, (axis + 3) % 3, true),
  'Cumsum reversed': (x, axis) => tf.cumsum(x, (axis + 3) % 3, false, true),
  ExpandDims: (x, axis) => tf.square(tf.expandDims(x, axis)),
  GatherV2: (x, axis) => tf.square(tf.gather(x, tf.tensor1d([1, 0, 1], 'int32'), axis)),
  Reverse: (x, axis) => tf.reverse(x, axis),
  Slice: (x, axis) => tf.split(x, [1, x.shape.at(axis)! - 1], axis)[1]!,
  SplitV: (x, axis) => tf.split(x, [1, x.shape.at(axis)! - 1], axis)[0]!,
  Stack: (x, axis) => tf.stack([x, tf.mul(x, 3)], axis),
  Unstack: (x, axis) => tf.unstack(x, axis)[1]!,
};

describe.each(Object.entries(ALONG))('the gradient of %s', (_, f) => {
  test.each([0, 1, 2, -1, -2])('along %s', (axis) => {
    expectNumericGradients((x) => f(x, axis), [[2, 3, 4]], [-1, 1]);
  });
});

test.each<[string, (x: Tensor) => Tensor]>([
  ['Softmax', (x) => tf.softmax(x, -1)],
  ['LogSoftmax', (x) => tf.logSoftmax(x, 2)],
  ['LogSoftmax counted from the end', (x) => tf.logSoftmax(x, -1)],
  ['Transpose of all axes', (x) => tf.transpose(x)],
  ['Tile', (x) => tf.tile(x, [1, 2, 2])],
  [
    'PadV2',
    (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 1],
      ]),
  ],
  ['Slice of every axis', (x) => tf.slice(x, [1, 0, 2], [1, -1, 2])],
  ['Squeeze', (x) => tf.squeeze(tf.slice(x, [0, 1, 0], [2, 1, 4]))],
  ['Mean and variance', (x) => tf.moments(x, [0, 2], true).variance],
  ['ArgMax', (x) => tf.mul(x, tf.cast(tf.expandDims(tf.argMax(x, 1), 1), 'float32'))],
  ['ArgMin', (x) => tf.mul(x, tf.cast(tf.expandDims(tf.argMin(x, -1), 2), 'float32'))],
])('the gradient of %s, three axes', (_, f) => {
  expectNumericGradients(f, [[2, 3, 4]], [-10, 10]);
});

type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

// Ranges keep clear of the points without a derivative: `b` is moved away from `a` where they meet.
const BINARY: Record<string, [f: Binary, range: Range]> = {
  Add: [tf.add, [-1, 1]],
  Atan2: [tf.atan2, [0.5, 2]],
  Maximum: [(a, b) => tf.maximum(a, tf.add(b, 3)), [0.1, 1]],
  'Maximum of the other': [(a, b) => tf.maximum(tf.add(a, 3), b), [0.1, 1]],
  Minimum: [(a, b) => tf.minimum(a, tf.add(b, 3)), [0.1, 1]],
  'Minimum of the other': [(a, b) => tf.minimum(tf.add(a, 3), b), [0.1, 1]],
  Mod: [(a, b) => tf.mod(tf.add(a, 4.2), tf.add(b, 3)), [0.1, 0.7]],
  Multiply: [tf.mul, [-1, 1]],
  Pow: [tf.pow, [0.5, 2]],
  RealDiv: [tf.div, [0.5, 2]],
  SquaredDifference: [tf.squaredDifference, [-1, 1]],
  Sub: [tf.sub, [-1, 1]],
};

const BROADCASTS: [a: number[], b: number[]][] = [
  [[2, 3], []],
  [[], [2, 3]],
  [[2, 3], [1]],
  [[3], [2, 3]],
  [
    [2, 1],
    [2, 3],
  ],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 1, 2],
    [3, 1],
  ],
  [[1, 1], [2]],
];

describe.each(Object.entries(BINARY))('the gradient of %s', (_, [f, range]) => {
  test.each(BROADCASTS)('of [%s] and [%s]', (a, b) => {
    expectNumericGradients((x, y) => f(x, y), [a, b], range);
  });

  test('with a number on either side', () => {
    expectNumericGradients((x) => f(x, 0.6), [[2, 3]], range);
    expectNumericGradients((x) => f(0.6, x), [[2, 3]], range);
  });
});

test.each<[string, (...inputs: Tensor[]) => Tensor, number[][], Range]>([
  ['Prelu, one alpha', (x, alpha) => tf.prelu(x, alpha), [[2, 3, 2], [1]], [-1, -0.1]],
  ['Prelu, an alpha for each channel', (x, alpha) => tf.prelu(x, alpha), [[2, 3, 2], [2]], [-1, -0.1]],
  [
    'Prelu, an alpha for each row',
    (x, alpha) => tf.prelu(x, alpha),
    [
      [2, 3, 2],
      [3, 1],
    ],
    [-1, -0.1],
  ],
  [
    'Select, branches that are broadcast',
    (a, b) => tf.where(tf.tensor2d([1, 0, 1, 0, 1, 1], [2, 3], 'bool'), a, b),
    [[3], [2, 1]],
    [-1, 1],
  ],
  [
    'Select, a condition that is broadcast',
    (a, b) => tf.where(tf.tensor1d([1, 0, 1], 'bool'), a, b),
    [
      [2, 3],
      [2, 3],
    ],
    [-1, 1],
  ],
  ['Select, a number', (a) => tf.where(tf.tensor1d([1, 0, 1], 'bool'), a, 2), [[2, 3]], [-1, 1]],
  ['BroadcastTo', (x) => tf.broadcastTo(x, [2, 3, 4]), [[3, 1]], [-1, 1]],
  ['BroadcastTo of a scalar', (x) => tf.broadcastTo(x, [2, 3]), [[]], [-1, 1]],
  ['ClipByValue along rows', (x) => tf.clipByValue(x, -0.1, 5), [[2, 3]], [0.1, 1]],
  [
    'BatchMatMul, batches that are broadcast',
    (a, b) => tf.matMul(a, b, true, true),
    [
      [1, 3, 2],
      [2, 4, 3],
    ],
    [-1, 1],
  ],
  [
    'UnsortedSegmentSum of matrices',
    (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 2),
    [[3, 2, 2]],
    [-1, 1],
  ],
])('the gradient of %s', (_, f, shapes, range) => {
  expectNumericGradients(f, shapes, range);
});
