import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { infoNCE } from '@protocl/losses';

import { describeOnEveryBackend } from './everyBackend.js';
import { naiveGradient, naiveInfoNCE } from './naiveLosses.js';
import { expectLoss, matrix, near, unitRows, valueOf } from './samples.js';

describeOnEveryBackend('infoNCE', () => {
  const grid = [
    { rows: 1, count: 1, dimension: 2, temperature: 1 },
    { rows: 5, count: 7, dimension: 3, temperature: 0.2 },
    { rows: 8, count: 33, dimension: 16, temperature: 0.07 },
    { rows: 4, count: 20, dimension: 8, temperature: 0.01 },
    { rows: 4, count: 20, dimension: 8, temperature: 100 },
  ];
  test.each(grid)('equals the naive loop: %j', ({ rows, count, dimension, temperature }) => {
    const query = unitRows(rows, dimension, 'query');
    const key = near(query, 0.8, 'key');
    const negatives = unitRows(count, dimension, 'negatives');
    tf.tidy(() => {
      const [k, queue] = [matrix(key), matrix(negatives)];
      expectLoss((q) => infoNCE(q, k, queue, { temperature }), [query], {
        value: naiveInfoNCE(query, key, negatives, temperature),
        gradients: [naiveGradient((q) => naiveInfoNCE(q, key, negatives, temperature), query, 1e-6)],
      });
    });
  });

  test('neither overflows nor rounds a small gradient to 0', () => {
    tf.tidy(() => {
      const query = tf.tensor2d([[1, 0]]);
      const negatives = tf.tensor2d([[-1, 0]]);
      const at = (key: number, temperature: number) => {
        const keys = tf.tensor2d([[key, 0]]);
        const loss = (q: tf.Tensor) => infoNCE(q as Tensor2D, keys, negatives, { temperature });
        const { value, grad } = tf.valueAndGrad(loss)(query);
        return { value: valueOf(value), slope: grad.dataSync()[0]! };
      };
      // The key as near as can be, the negative as far: log(1 + exp(-2 / temperature)).
      expect(at(1, 0.1).value).toBeCloseTo(0, 7);
      expect(at(1, 0.1).slope / (-20 * Math.exp(-20)) - 1).toBeCloseTo(0, 4);
      expect(at(1, 0.01).value).toBe(0);
      expect(at(1, 0.01).slope).toBeCloseTo(0, 30);
      expect(at(-1, 0.01).value).toBeCloseTo(Math.log(2), 5);
      // Unnormalised features, whose logits no exponential holds.
      expect(at(-10_000, 0.01).value / 999_900 - 1).toBeCloseTo(0, 5);
      expect(at(-10_000, 0.01).slope / 999_900 - 1).toBeCloseTo(0, 5);
    });
  });

  test('keys and negatives get no gradient', () => {
    tf.tidy(() => {
      const [query, key, negatives] = [2, 2, 3].map((rows, i) => matrix(unitRows(rows, 4, `input ${i}`)));
      const loss = (q: tf.Tensor, k: tf.Tensor, n: tf.Tensor) =>
        infoNCE(q as Tensor2D, k as Tensor2D, n as Tensor2D, { temperature: 0.2 });
      expect(() => tf.grad((k) => loss(query!, k, negatives!))(key!)).toThrow(/Cannot compute gradient/);
      expect(() => tf.grad((n) => loss(query!, key!, n))(negatives!)).toThrow(/Cannot compute gradient/);
    });
  });

  test('under variableGrads it leaves no tensor behind, and variables of the key stay without gradient', () => {
    const images = matrix(unitRows(6, 5, 'images'));
    const queue = matrix(unitRows(9, 4, 'negatives'));
    const [ofQuery, ofKey] = ['query', 'key'].map((name) => tf.variable(matrix(unitRows(5, 4, name))));
    const step = () =>
      tf.variableGrads(
        () =>
          infoNCE(tf.matMul(images, ofQuery as Tensor2D), tf.matMul(images, ofKey as Tensor2D), queue, {
            temperature: 0.2,
          }),
        [ofQuery!, ofKey!],
      );
    const before = tf.memory();
    for (let repetition = 0; repetition < 3; repetition++) {
      const { value, grads } = step();
      expect(Object.keys(grads)).toEqual([ofQuery!.name]);
      expect(tf.memory().numTensors).toBe(before.numTensors + 2);
      tf.dispose([value, grads]);
    }
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose([images, queue, ofQuery!, ofKey!]);
  });

  test('keeps no more than [N, D] for the backward pass', () => {
    tf.tidy(() => {
      const [query, key, queue] = [4, 4, 500].map((rows, i) => matrix(unitRows(rows, 6, `input ${i}`)));
      const kept: number[] = [];
      tf.grad((q) => {
        const before = tf.memory();
        const loss = infoNCE(q as Tensor2D, key!, queue!, { temperature: 0.2 });
        kept.push(tf.memory().numTensors - before.numTensors, tf.memory().numBytes - before.numBytes);
        return loss;
      })(query!);
      // The loss itself, and each row's loss and gradient as one tensor.
      expect(kept).toEqual([2, 4 * (1 + 4 * (1 + 6))]);
    });
  });

  test('the queue may be disposed between the forward and the backward pass', () => {
    tf.tidy(() => {
      const query = matrix(unitRows(3, 4, 'query'));
      const key = matrix(unitRows(3, 4, 'key'));
      const loss = (q: tf.Tensor, queue: Tensor2D) =>
        infoNCE(q as Tensor2D, key, queue, { temperature: 0.2 });
      const gradient = tf.grad((q) => {
        const queue = matrix(unitRows(5, 4, 'queue'));
        const result = loss(q, queue);
        queue.dispose();
        return result;
      })(query);
      const expected = tf.grad((q) => loss(q, matrix(unitRows(5, 4, 'queue'))))(query);
      expect([...gradient.dataSync()]).toEqual([...expected.dataSync()]);
    });
  });

  test('a second derivative is refused', () => {
    const before = tf.memory().numTensors;
    const [key, queue] = [matrix(unitRows(2, 3, 'key')), matrix(unitRows(2, 3, 'queue'))];
    const query = matrix(unitRows(2, 3, 'query'));
    const first = tf.grad((q) => infoNCE(q as Tensor2D, key, queue, { temperature: 0.2 }));
    expect(() => tf.grad((q) => tf.sum(tf.square(first(q))))(query)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    );
    tf.dispose([key, queue, query]);
    expect(tf.memory().numTensors).toBeGreaterThanOrEqual(before);
  });

  const refusals: [string, (q: Tensor2D, n: Tensor2D) => unknown, string][] = [
    [
      'an empty batch',
      (_, n) => infoNCE(tf.zeros([0, 3]), tf.zeros([0, 3]), n, { temperature: 1 }),
      'INVALID_SHAPE',
    ],
    ['an empty queue', (q) => infoNCE(q, q, tf.zeros([0, 3]), { temperature: 1 }), 'INVALID_SHAPE'],
    ['a key too few', (q, n) => infoNCE(q, tf.zeros([1, 3]), n, { temperature: 1 }), 'INVALID_SHAPE'],
    ['a queue of another width', (q) => infoNCE(q, q, tf.zeros([5, 4]), { temperature: 1 }), 'INVALID_SHAPE'],
    [
      'features of another rank',
      (q, n) => infoNCE(tf.zeros([2, 1, 3]) as unknown as Tensor2D, q, n, { temperature: 1 }),
      'INVALID_SHAPE',
    ],
    ['integers', (q, n) => infoNCE(q, tf.zeros([2, 3], 'int32'), n, { temperature: 1 }), 'INVALID_DTYPE'],
    ...[0, -1, NaN, Infinity, 1e-320].map((temperature): (typeof refusals)[number] => [
      `a temperature of ${temperature}`,
      (q, n) => infoNCE(q, q, n, { temperature }),
      'INVALID_OPTION',
    ]),
  ];
  test.each(refusals)('refuses %s', (_, call, code) => {
    tf.tidy(() => {
      const [query, negatives] = [tf.zeros<tf.Rank.R2>([2, 3]), tf.zeros<tf.Rank.R2>([5, 3])];
      expect(() => call(query, negatives)).toThrow(expect.objectContaining({ code }));
    });
  });
});
