import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

import { registerGradients } from '../src/index.js';
import { expectGradients, sampleTensor } from './numericGradient.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

const image = (x: Tensor) => x as Tensor4D;

test('a comparison passes no gradient on', () => {
  const gradient = tf.grad((x) => tf.sum(tf.mul(x, tf.cast(tf.greater(x, 0), 'float32'))));
  expect([...gradient(tf.tensor1d([-2, 3])).dataSync()]).toEqual([0, 1]);
});

describe('gradients of gradients', () => {
  const twice = (f: (x: Tensor) => Tensor) => (x: Tensor) => tf.sum(tf.square(tf.grad(f)(x)));

  test('of x^4, thrice', () => {
    const third = tf.grad(tf.grad(tf.grad((x) => tf.pow(x, 4))));
    expect(third(tf.scalar(2)).dataSync()[0]).toBeCloseTo(48, 3);
  });

  test.each<[string, (x: Tensor) => Tensor, number[]]>([
    ['Elu', (x) => tf.elu(x), [4]],
    ['Exp', (x) => tf.exp(x), [4]],
    ['Sigmoid', (x) => tf.sigmoid(x), [4]],
    ['Softmax', (x) => tf.square(tf.softmax(x)), [2, 3]],
    ['Sqrt', (x) => tf.sqrt(tf.add(x, 2)), [4]],
    ['Tanh', (x) => tf.tanh(x), [4]],
    [
      'Conv2D',
      (x) => tf.square(tf.conv2d(image(x), image(sampleTensor([2, 2, 1, 2], { seed: 9 })), 1, 'same')),
      [1, 3, 3, 1],
    ],
    ['AvgPool', (x) => tf.square(tf.avgPool(image(x), 2, 2, 'same')), [1, 3, 3, 1]],
  ])('%s', (_, f, shape) => {
    tf.tidy(() => expectGradients(twice(f), [sampleTensor(shape, { seed: 5 })], { tolerance: 1e-2 }));
  });

  test('of a convolution with respect to its filter', () => {
    const x = image(sampleTensor([1, 3, 3, 1], { seed: 4 }));
    const loss = (w: Tensor) => tf.sum(tf.square(tf.conv2d(x, image(w), 1, 'same')));
    expectGradients((w) => tf.sum(tf.square(tf.grad(loss)(w))), [sampleTensor([2, 2, 1, 2], { seed: 8 })], {
      tolerance: 1e-2,
    });
  });
});

test('a gradient that is registered already stays', () => {
  const mine = { kernelName: 'Cos', gradFunc: () => ({ x: () => tf.scalar(42) }) };
  tf.unregisterGradient('Cos');
  tf.registerGradient(mine);
  registerGradients();
  expect(tf.getGradient('Cos')).toBe(mine);
  tf.unregisterGradient('Cos');
  registerGradients();
  expect(tf.getGradient('Cos')).not.toBe(mine);
});

test('dilated convolutions are refused with a typed error', () => {
  const gradient = tf.grad((x) => tf.conv2d(image(x), tf.ones([2, 2, 1, 1]), 1, 'valid', 'NHWC', 2));
  expect(() => gradient(tf.ones([1, 4, 4, 1]))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});

/** Kernels that image encoders and their losses have no use for. */
const LEFT_OUT = [
  'AvgPool3D',
  'ComplexAbs',
  'Conv3D',
  'Dilation2D',
  'FloorDiv',
  'LRN',
  'MaxPool3D',
  'MirrorPad',
  'ResizeBilinear',
  'ResizeNearestNeighbor',
];

test('every other kernel that TensorFlow.js differentiates is covered', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core')), 'gradients');
  const kernels = readdirSync(folder)
    .filter((file) => file.endsWith('_grad.js'))
    .map((file) => /kernelName: (\w+)/.exec(readFileSync(join(folder, file), 'utf8'))?.[1] as string);
  expect(kernels.length).toBeGreaterThan(90);
  const missing = kernels.filter((name) => tf.getGradient(name) === undefined);
  expect(missing.sort()).toEqual(LEFT_OUT);
});
