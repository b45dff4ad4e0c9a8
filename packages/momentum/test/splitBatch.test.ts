import { batchNorm } from '@protocl/backend';
import { expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { splitBatch } from '@protocl/momentum';

import { describeOnEveryBackend } from './everyBackend.js';
import { largestDifference, sample, valuesOf } from './samples.js';

const rng = () => randomStream({ seed: 4, purpose: 'shuffled batch norm' });
const COUNT = 12;
const images = () => sample<tf.Rank.R4>([COUNT, 2, 2, 3], 'images');

/** Features in which every image's values can be told, by a weight that training would learn. */
const flatten = (weights: Tensor2D) => (part: Tensor4D) =>
  tf.matMul<Tensor2D>(tf.reshape(part, [part.shape[0], 12]), weights);

describeOnEveryBackend('splitBatch', () => {
  test.each([1, 2, 3, 12])(
    'returns the rows in the order of the images, from %d shuffled parts',
    (splits) => {
      tf.tidy(() => {
        const [batch, weights] = [images(), sample<tf.Rank.R2>([12, 5], 'weights')];
        const sizes: number[] = [];
        const forward = (part: Tensor4D) => {
          sizes.push(part.shape[0]);
          return flatten(weights)(part);
        };
        const expected = valuesOf(flatten(weights)(batch));
        for (const options of [{ splits }, { splits, rng: rng() }]) {
          const features = splitBatch(batch, options, forward);
          expect(features.shape).toEqual([COUNT, 5]);
          expect(largestDifference(valuesOf(features), expected)).toBeLessThan(1e-6);
        }
        expect(sizes).toEqual(Array(2 * splits).fill(COUNT / splits));
      });
    },
  );

  test('each part is what the stream shuffles into it, normalised by itself', () => {
    tf.tidy(() => {
      const batch = images();
      const [scale, offset] = [tf.ones([3]), tf.zeros([3])] as [Tensor1D, Tensor1D];
      const forward = (part: Tensor4D) =>
        tf.reshape<tf.Rank.R2>(batchNorm(part, { scale, offset, training: true }), [part.shape[0], 12]);
      const features = splitBatch(batch, { splits: 3, rng: rng() }, forward).arraySync();
      const order = rng().permutation(COUNT);
      for (let part = 0; part < 3; part++) {
        const members = [...order.subarray(4 * part, 4 * part + 4)];
        const alone = forward(tf.gather(batch, members)).arraySync();
        members.forEach((image, row) =>
          expect(largestDifference(features[image]!, alone[row]!)).toBeLessThan(1e-5),
        );
        // No two parts consist of neighbours only, or nothing would have been shuffled.
        expect(members).not.toEqual([0, 1, 2, 3].map((offset) => 4 * part + offset));
      }
    });
  });

  test('is differentiable in weights and images, with the gradients of the whole batch', () => {
    tf.tidy(() => {
      const [batch, weights] = [images(), sample<tf.Rank.R2>([12, 5], 'weights')];
      const importance = sample<tf.Rank.R2>([COUNT, 5], 'importance');
      const gradients = (encode: (x: Tensor4D, w: Tensor2D) => Tensor2D) =>
        tf
          .grads((x: Tensor, w: Tensor) =>
            tf.sum(tf.mul(tf.square(encode(x as Tensor4D, w as Tensor2D)), importance)),
          )([batch, weights])
          .map(valuesOf);
      const whole = gradients((x, w) => flatten(w)(x));
      for (const options of [{ splits: 4 }, { splits: 4, rng: rng() }]) {
        gradients((x, w) => splitBatch(x, options, flatten(w))).forEach((gradient, i) =>
          expect(largestDifference(gradient, whole[i]!)).toBeLessThan(1e-4),
        );
      }
    });
  });

  test('leaves only its result, under variableGrads too, and the images as they were', () => {
    const [batch, weights] = [images(), tf.variable(sample<tf.Rank.R2>([12, 5], 'weights'))];
    const before = tf.memory();
    const run = () => splitBatch(batch, { splits: 3, rng: rng() }, flatten(weights as Tensor2D));
    run().dispose();
    const live: number[] = [];
    const watched = (part: Tensor4D) => {
      live.push(tf.memory().numTensors);
      return flatten(weights)(part);
    };
    splitBatch(batch, { splits: 3 }, watched).dispose();
    // Of a part that is done, nothing but its features is left.
    expect(live.map((count) => count - live[0]!)).toEqual([0, 1, 2]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    const { value, grads } = tf.variableGrads(() => tf.sum(run()), [weights]);
    expect(tf.memory().numTensors).toBe(before.numTensors + 2);
    tf.dispose([value, grads]);
    expect(() => splitBatch(batch, { splits: 3 }, () => tf.zeros([5, 5]))).toThrow(
      expect.objectContaining({ code: 'INVALID_SHAPE' }),
    );
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose([batch, weights]);
  });

  test.each([0, -1, 1.5, 5, 24, NaN])('refuses %d splits of 12 images', (splits) => {
    tf.tidy(() => {
      expect(() => splitBatch(images(), { splits }, () => tf.zeros([1, 1]))).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    });
  });

  test('refuses an empty batch and an output that is no matrix', () => {
    tf.tidy(() => {
      const empty = tf.zeros<tf.Rank.R4>([0, 2, 2, 3]);
      expect(() => splitBatch(empty, { splits: 1 }, () => tf.zeros([0, 1]))).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
      expect(() => splitBatch(images(), { splits: 2 }, () => tf.zeros([6]) as unknown as Tensor2D)).toThrow(
        expect.objectContaining({ code: 'INVALID_SHAPE' }),
      );
    });
  });
});
