import { expect, test } from '@jest/globals';
import { differentiate } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';

describeOnEveryEngine('differentiate', () => {
  test('gives the value, the gradients by name and the figures, and leaves nothing else', () => {
    const [a, b] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(5))];
    const before = tf.memory().numTensors;
    const result = differentiate(
      () => {
        const product = tf.mul<tf.Scalar>(a, b);
        return { loss: tf.square(product), figures: { product } };
      },
      { first: a, second: b },
    );
    expect(tf.memory().numTensors).toBe(before + 4);
    const { loss, gradients, figures } = result;
    const read = (tensor: tf.Tensor) => tensor.dataSync()[0];
    expect(read(loss)).toBe(225);
    expect(read(figures['product']!)).toBe(15);
    expect([gradients['first'], gradients['second']].map((gradient) => read(gradient!))).toEqual([150, 90]);
    tf.dispose([loss, gradients, figures, a, b]);
  });

  test.each<[string, (a: tf.Variable, b: tf.Variable) => tf.Tensor, string]>([
    ['one of the variables', (a) => tf.square(a), 'second'],
    ['any of the variables', () => tf.scalar(1), 'first, second'],
  ])('a loss that does not depend on %s is refused, and leaves nothing', (_, lossOf, given) => {
    const [a, b] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(5))];
    const before = tf.memory().numTensors;
    const differentiated = () =>
      differentiate(() => ({ loss: lossOf(a, b) as tf.Scalar, figures: { a: tf.mul(a, 2) } }), {
        first: a,
        second: b,
      });
    expect(differentiated).toThrow(expect.objectContaining({ code: 'GRADIENT_MISSING', given }));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([a, b]);
  });

  test('an error of the loss is passed on, and leaves nothing', () => {
    const a = tf.variable(tf.scalar(3));
    const before = tf.memory().numTensors;
    const failing = () =>
      differentiate(
        () => {
          tf.scalar(1);
          throw new RangeError('out of memory');
        },
        { a },
      );
    expect(failing).toThrow(RangeError);
    expect(tf.memory().numTensors).toBe(before);
    a.dispose();
  });
});
