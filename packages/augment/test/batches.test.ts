import { augmentBatch, augmentCrops, imageTensor, plainBatch, plainCrops, recipes } from '@protocl/augment';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { describeBatches } from './describeBatches.js';

describeBatches('wasm');

const recipe = recipes.cifar();
const options = { seed: 1, epoch: 0, view: 0, indices: [0] };

test.each<[string, number[], object, string]>([
  ['four channels', [1, 32, 32, 4], {}, 'INVALID_SHAPE'],
  ['gray images', [1, 32, 32, 1], {}, 'INVALID_SHAPE'],
  ['no images', [0, 32, 32, 3], { indices: [] }, 'INVALID_SHAPE'],
  ['too few indices', [2, 32, 32, 3], {}, 'INVALID_SHAPE'],
  ['a negative view', [1, 32, 32, 3], { view: -1 }, 'INVALID_OPTION'],
  ['fewer views than images', [2, 32, 32, 3], { indices: [0, 1], view: [0] }, 'INVALID_OPTION'],
  ['more views than images', [1, 32, 32, 3], { view: Int32Array.of(0, 1) }, 'INVALID_OPTION'],
  ['a negative view among others', [2, 32, 32, 3], { indices: [0, 1], view: [0, -1] }, 'INVALID_OPTION'],
  ['half an epoch', [1, 32, 32, 3], { epoch: 0.5 }, 'RANDOM_RANGE'],
  ['a negative index', [1, 32, 32, 3], { indices: [-1] }, 'RANDOM_RANGE'],
])('%s are refused without a leak', (_, shape, change, code) => {
  const images = tf.zeros<tf.Rank.R4>(shape as [number, number, number, number]);
  const before = tf.memory().numTensors;
  for (const augment of [augmentBatch, augmentCrops]) {
    expect(() => augment(images, recipe, { ...options, ...change })).toThrow(
      expect.objectContaining({ code }),
    );
  }
  expect(tf.memory().numTensors).toBe(before);
  images.dispose();
});

test('crops of another size and images of another form are refused', () => {
  const images = tf.zeros<tf.Rank.R4>([1, 16, 16, 3]);
  expect(() => augmentCrops(images, recipe, options)).toThrow('expected: [N, 32, 32, 3]');
  expect(() => plainCrops(images, recipe)).toThrow('expected: [N, 32, 32, 3]');
  images.dispose();
  const gray = tf.zeros<tf.Rank.R4>([1, 32, 32, 1]);
  expect(() => plainBatch(gray, recipe)).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
  gray.dispose();
  expect(() => imageTensor(new Uint8Array(5), [1, 1, 2, 3])).toThrow('5 bytes for [1, 1, 2, 3]');
});
