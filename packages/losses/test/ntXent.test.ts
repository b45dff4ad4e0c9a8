import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { ntXent } from '@protocl/losses';

import { describeOnEveryBackend } from './everyBackend.js';
import { naiveGradient, naiveNtXent } from './naiveLosses.js';
import { expectLoss, matrix, near, unitRows, valueOf } from './samples.js';

describeOnEveryBackend('ntXent', () => {
  const grid = [
    { pairs: 2, dimension: 3, temperature: 0.5 },
    { pairs: 5, dimension: 8, temperature: 0.1 },
    { pairs: 9, dimension: 16, temperature: 0.07 },
    { pairs: 4, dimension: 4, temperature: 0.01 },
    { pairs: 3, dimension: 4, temperature: 10 },
  ];
  test.each(grid)('equals the naive loop, in both views: %j', ({ pairs, dimension, temperature }) => {
    const viewA = unitRows(pairs, dimension, 'view');
    const viewB = near(viewA, 0.9, 'other view');
    expectLoss((a, b) => ntXent(a, b, { temperature }), [viewA, viewB], {
      value: naiveNtXent(viewA, viewB, temperature),
      gradients: [
        naiveGradient((a) => naiveNtXent(a, viewB, temperature), viewA, 1e-6),
        naiveGradient((b) => naiveNtXent(viewA, b, temperature), viewB, 1e-6),
      ],
    });
  });

  test('of a single pair it is 0, and so is its gradient', () => {
    const views = [unitRows(1, 3, 'view'), unitRows(1, 3, 'other view')];
    expectLoss((a, b) => ntXent(a, b, { temperature: 0.1 }), views, {
      value: 0,
      gradients: [Array(3).fill(0), Array(3).fill(0)],
    });
  });

  test('is differentiable where both views come from the same variable', () => {
    const weights = tf.variable(matrix(unitRows(4, 3, 'weights')));
    const [a, b] = ['a', 'b'].map((name) => matrix(unitRows(5, 4, name)));
    const loss = () => ntXent(tf.matMul(a!, weights), tf.matMul(b!, weights), { temperature: 0.5 });
    const before = tf.memory().numTensors;
    const { value, grads } = tf.variableGrads(loss, [weights]);
    expect(tf.memory().numTensors).toBe(before + 2);
    const [start, slope] = [valueOf(value), grads[weights.name]!];
    // A small step along the gradient changes the loss by its squared length times the step.
    const squared = tf.tidy(() => valueOf(tf.sum(tf.square(slope))));
    weights.assign(tf.tidy(() => tf.sub(weights, tf.mul(slope, 0.01))));
    expect((start - tf.tidy(() => valueOf(loss()))) / (0.01 * squared)).toBeCloseTo(1, 1);
    tf.dispose([value, grads, weights, a!, b!]);
  });

  const refusals: [string, () => unknown, string][] = [
    ['an empty batch', () => ntXent(tf.zeros([0, 3]), tf.zeros([0, 3]), { temperature: 1 }), 'INVALID_SHAPE'],
    [
      'views of different sizes',
      () => ntXent(tf.zeros([2, 3]), tf.zeros([3, 3]), { temperature: 1 }),
      'INVALID_SHAPE',
    ],
    [
      'integers',
      () => ntXent(tf.zeros([2, 3], 'int32'), tf.zeros([2, 3]), { temperature: 1 }),
      'INVALID_DTYPE',
    ],
    [
      'no temperature',
      () => ntXent(tf.zeros([2, 3]), tf.zeros([2, 3]), { temperature: 0 }),
      'INVALID_OPTION',
    ],
  ];
  test.each(refusals)('refuses %s', (_, call, code) => {
    tf.tidy(() => expect(call).toThrow(expect.objectContaining({ code })));
  });
});
