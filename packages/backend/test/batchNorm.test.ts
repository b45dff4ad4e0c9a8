import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { batchNorm } from '../src/index.js';
import type { BatchNormOptions } from '../src/index.js';
import { describeOnEveryBackend } from './availableBackends.js';
import { expectGradients, relativeError, sampleTensor, sampleValues } from './numericGradient.js';

const EPSILON = 1e-5;

interface Reference {
  y: number[];
  mean: number[];
  biased: number[];
  unbiased: number[];
}

/** Batch norm by the textbook, in float64. */
function naiveBatchNorm(
  x: ArrayLike<number>,
  {
    scale,
    offset,
    residual,
    relu,
    statistics,
  }: {
    scale: ArrayLike<number>;
    offset: ArrayLike<number>;
    residual?: ArrayLike<number>;
    relu?: boolean;
    statistics?: { mean: ArrayLike<number>; variance: ArrayLike<number> };
  },
): Reference {
  const channels = scale.length;
  const count = x.length / channels;
  const columns = Array.from({ length: channels }, (_, channel) =>
    Array.from({ length: count }, (_value, row) => x[row * channels + channel] as number),
  );
  const mean = columns.map((column) => column.reduce((a, b) => a + b) / count);
  const squares = columns.map((column, c) => column.reduce((a, b) => a + (b - (mean[c] as number)) ** 2, 0));
  const biased = squares.map((value) => value / count);
  const [centre, spread] = statistics ? [statistics.mean, statistics.variance] : [mean, biased];
  const y = Array.from({ length: x.length }, (_, index) => {
    const c = index % channels;
    const normalised =
      ((x[index] as number) - (centre[c] as number)) / Math.sqrt((spread[c] as number) + EPSILON);
    const value = normalised * (scale[c] as number) + (offset[c] as number) + (residual?.[index] ?? 0);
    return relu ? Math.max(0, value) : value;
  });
  return { y, mean, biased, unbiased: squares.map((value) => value / (count - 1)) };
}

const SHAPES = [
  [4, 5, 6, 3],
  [8, 7],
  [2, 1, 1, 4],
  [3, 2, 4, 2, 5],
  [2, 9, 6],
];
const variants = SHAPES.flatMap((shape) =>
  (['linear', 'relu'] as const).flatMap((activation) =>
    [false, true].map((withResidual) => ({ shape, activation, withResidual })),
  ),
);

/** Scale, offset and, where wanted, a residual for a tensor of `shape`. */
function parametersFor(
  shape: number[],
  withResidual: boolean,
): { scale: Tensor; offset: Tensor; residual?: Tensor } {
  const channels = [shape.at(-1) as number];
  return {
    scale: sampleTensor(channels, { seed: 21, low: 0.5, high: 2 }),
    offset: sampleTensor(channels, { seed: 22 }),
    ...(withResidual && { residual: sampleTensor(shape, { seed: 23 }) }),
  };
}

const dataOf = (tensor: Tensor) => tensor.dataSync<'float32'>();

describeOnEveryBackend('batchNorm', (device) => {
  test.each(variants)(
    'training on $shape, $activation, residual $withResidual',
    ({ shape, activation, withResidual }) => {
      tf.tidy(() => {
        const x = sampleTensor(shape, { seed: 20, low: -1, high: 5 });
        const parameters = parametersFor(shape, withResidual);
        const channels = shape.at(-1) as number;
        const movingMean = tf.variable(tf.fill([channels], 0.25), false);
        const movingVariance = tf.variable(tf.fill([channels], 4), false);
        const y = batchNorm(x, { ...parameters, movingMean, movingVariance, training: true, activation });
        const expected = naiveBatchNorm(dataOf(x), {
          scale: dataOf(parameters.scale),
          offset: dataOf(parameters.offset),
          ...(parameters.residual && { residual: dataOf(parameters.residual) }),
          relu: activation === 'relu',
        });
        expect(relativeError(dataOf(y), expected.y)).toBeLessThan(1e-5);
        const average = (old: number, values: number[]) => values.map((value) => 0.9 * old + 0.1 * value);
        expect(relativeError(dataOf(movingMean), average(0.25, expected.mean))).toBeLessThan(1e-5);
        expect(relativeError(dataOf(movingVariance), average(4, expected.unbiased))).toBeLessThan(1e-5);
        tf.dispose([movingMean, movingVariance]);
      });
    },
  );

  test.each(variants)(
    'inference on $shape, $activation, residual $withResidual',
    ({ shape, activation, withResidual }) => {
      tf.tidy(() => {
        const x = sampleTensor(shape, { seed: 20, low: -1, high: 5 });
        const parameters = parametersFor(shape, withResidual);
        const channels = [shape.at(-1) as number];
        const mean = sampleTensor(channels, { seed: 24 });
        const variance = sampleTensor(channels, { seed: 25, low: 0.3, high: 3 });
        const options = {
          ...parameters,
          movingMean: mean,
          movingVariance: variance,
          training: false,
          activation,
        };
        const expected = naiveBatchNorm(dataOf(x), {
          scale: dataOf(parameters.scale),
          offset: dataOf(parameters.offset),
          ...(parameters.residual && { residual: dataOf(parameters.residual) }),
          relu: activation === 'relu',
          statistics: { mean: dataOf(mean), variance: dataOf(variance) },
        });
        expect(relativeError(dataOf(batchNorm(x, options)), expected.y)).toBeLessThan(1e-5);
      });
    },
  );

  test('a mean far from zero and long sums cost no precision', () => {
    tf.tidy(() => {
      const shape = [4, 128, 128, 2];
      const x = sampleTensor(shape, { seed: 26, low: 99, high: 101 });
      const parameters = parametersFor(shape, false);
      const expected = naiveBatchNorm(dataOf(x), {
        scale: dataOf(parameters.scale),
        offset: dataOf(parameters.offset),
      });
      const y = batchNorm(x, { ...parameters, training: true });
      // libtorch's own routine for the CPU multiplies by the scale before it subtracts the mean.
      expect(relativeError(dataOf(y), expected.y)).toBeLessThan(device === 'cpu:0' ? 1e-3 : 1e-4);
    });
  });

  // The step keeps ReLU's corner out of the way: no value of the samples lies that close to it.
  const gradientCases = [
    [3, 2, 2, 2],
    [5, 3],
  ].flatMap((shape) =>
    (['linear', 'relu'] as const).flatMap((activation) =>
      [true, false].map((training) => ({ shape, activation, training })),
    ),
  );
  test.each(gradientCases)(
    'gradients on $shape, $activation, training $training',
    ({ shape, activation, training }) => {
      tf.tidy(() => {
        const channels = [shape.at(-1) as number];
        const movingMean = sampleTensor(channels, { seed: 27 });
        const movingVariance = sampleTensor(channels, { seed: 28, low: 0.5, high: 2 });
        const statistics = training ? {} : { movingMean, movingVariance };
        const f = (x: Tensor, scale: Tensor, offset: Tensor, residual: Tensor) =>
          batchNorm(x, { scale, offset, residual, training, activation, ...statistics });
        const { scale, offset, residual } = parametersFor(shape, true);
        const inputs = [
          sampleTensor(shape, { seed: 31, low: -2, high: 2 }),
          scale,
          offset,
          residual as Tensor,
        ];
        expectGradients(f, inputs, { step: 2e-3, tolerance: 1e-2 });
      });
    },
  );

  test('gradients of the moving statistics in inference', () => {
    tf.tidy(() => {
      const [scale, offset] = [sampleTensor([2], { seed: 3 }), sampleTensor([2], { seed: 4 })];
      const x = sampleTensor([4, 2], { seed: 5 });
      const f = (movingMean: Tensor, movingVariance: Tensor) =>
        batchNorm(x, { scale, offset, movingMean, movingVariance, training: false });
      expectGradients(f, [sampleTensor([2], { seed: 6 }), sampleTensor([2], { seed: 7, low: 0.5, high: 2 })]);
    });
  });

  test.each([true, false])('gradients of gradients, training %s', (training) => {
    tf.tidy(() => {
      const statistics = {
        movingMean: sampleTensor([2], { seed: 8 }),
        movingVariance: tf.tensor1d([0.7, 1.6]),
      };
      const weights = sampleTensor([5, 2], { seed: 13 });
      const loss = (x: Tensor, scale: Tensor, offset: Tensor) =>
        tf.sum(
          tf.mul(
            weights,
            tf.square(
              batchNorm(x, { scale, offset, training, activation: 'relu', ...(training ? {} : statistics) }),
            ),
          ),
        );
      // The squared norm of the gradient is a function whose gradient needs the second derivatives.
      const f = (x: Tensor, scale: Tensor, offset: Tensor) =>
        tf
          .grads(loss)([x, scale, offset])
          .map((gradient) => tf.sum(tf.square(gradient)))
          .reduce((a, b) => tf.add(a, b));
      expectGradients(
        f,
        [
          sampleTensor([5, 2], { seed: 9, low: -2, high: 2 }),
          sampleTensor([2], { seed: 10, low: 0.5, high: 1.5 }),
          sampleTensor([2], { seed: 11, low: 0.2, high: 0.6 }),
        ],
        { step: 2e-3, tolerance: 2e-2 },
      );
    });
  });

  test('works within variableGrads, customGrad and a larger expression', () => {
    tf.tidy(() => {
      const scale = tf.variable(tf.tensor1d([1.5, 0.5]), true, 'scaleOfThisTest');
      const movingMean = tf.variable(tf.zeros([2]), false);
      const movingVariance = tf.variable(tf.ones([2]), false);
      const x = sampleTensor([6, 2], { seed: 14 });
      const options: BatchNormOptions = {
        scale,
        offset: tf.zeros([2]),
        movingMean,
        movingVariance,
        training: true,
      };
      const scaled = tf.customGrad((input) => ({
        value: tf.mul(input as Tensor, 3),
        gradFunc: (dy) => tf.mul(dy, 30),
      }));
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(scaled(batchNorm(x, options)))),
        [scale],
      );
      const y = batchNorm(x, options);
      const expected = tf.div(tf.mul(tf.sum(tf.square(y), 0), 2 * 9 * 10), scale);
      expect(relativeError(dataOf(value), dataOf(tf.mul(tf.sum(tf.square(y)), 9)))).toBeLessThan(1e-5);
      expect(relativeError(dataOf(grads['scaleOfThisTest'] as Tensor), dataOf(expected))).toBeLessThan(1e-4);
      tf.dispose([scale, movingMean, movingVariance]);
    });
  });

  test('leaves no tensor behind', () => {
    const scale = tf.variable(tf.ones([3]));
    const offset = tf.variable(tf.zeros([3]));
    const movingMean = tf.variable(tf.zeros([3]), false);
    const movingVariance = tf.variable(tf.ones([3]), false);
    const x = tf.tensor(sampleValues(24), [2, 2, 2, 3]);
    const common = { scale, offset, movingMean, movingVariance, residual: x, activation: 'relu' as const };
    // The first update replaces the data that a variable shares with its initial value.
    batchNorm(x, { ...common, training: true }).dispose();
    const before = tf.memory();
    for (const training of [true, false]) {
      batchNorm(x, { ...common, training }).dispose();
      const { value, grads } = tf.variableGrads(
        () => tf.sum(batchNorm(x, { ...common, training })),
        [scale, offset],
      );
      tf.dispose([value, grads]);
    }
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    tf.dispose([scale, offset, movingMean, movingVariance, x]);
  });
});

describe('batchNorm refuses', () => {
  const vector = () => tf.ones([3]);
  const good = (): BatchNormOptions => ({ scale: vector(), offset: vector(), training: true });
  const cases: [string, () => Tensor, object, string][] = [
    ['a vector', () => tf.ones([3]), {}, 'INVALID_SHAPE'],
    ['integers', () => tf.ones([2, 3], 'int32'), {}, 'INVALID_DTYPE'],
    ['a scale of another size', () => tf.ones([2, 3]), { scale: [4] }, 'INVALID_SHAPE'],
    ['a residual of another shape', () => tf.ones([2, 3]), { residual: [3, 2] }, 'INVALID_SHAPE'],
    ['one value per channel in training', () => tf.ones([1, 3]), {}, 'INVALID_SHAPE'],
    ['a moving mean that is no variable', () => tf.ones([2, 3]), { movingMean: [3] }, 'INVALID_OPTION'],
    ['an epsilon below zero', () => tf.ones([2, 3]), { epsilon: -1 }, 'INVALID_OPTION'],
    ['a momentum that is no number', () => tf.ones([2, 3]), { momentum: Number.NaN }, 'INVALID_OPTION'],
    ['an unknown activation', () => tf.ones([2, 3]), { activation: 'gelu' }, 'INVALID_OPTION'],
    ['inference without statistics', () => tf.ones([2, 3]), { training: false }, 'INVALID_OPTION'],
  ];
  test.each(cases)('%s', (_, x, changes, code) => {
    tf.tidy(() => {
      const changed = Object.fromEntries(
        Object.entries(changes).map(([name, value]) => [
          name,
          Array.isArray(value) ? tf.ones(value as number[]) : value,
        ]),
      );
      expect(() => batchNorm(x(), { ...good(), ...changed })).toThrow(expect.objectContaining({ code }));
    });
  });
});
