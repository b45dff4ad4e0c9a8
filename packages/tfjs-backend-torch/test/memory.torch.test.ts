import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { tfjsGradients } from './differentiation.js';
import { registerGradientRules } from './gradientRules.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';

const MEBIBYTE = 2 ** 20;

beforeAll(async () => {
  await startTorch();
  registerGradientRules();
}, STARTUP_TIMEOUT_MS);

/** A tensor of so many mebibytes, made by a kernel. */
function filled(mebibytes: number): tf.Tensor {
  return tf.fill([mebibytes, MEBIBYTE / 4], 1);
}

describe('tf.memory()', () => {
  test('counts the bytes of the engine, as they come and go', () => {
    const before = torchMemory();
    expect(before.unreliable).toBe(false);
    const tensor = filled(8);
    const during = torchMemory();
    expect(during.liveBytes - before.liveBytes).toBe(8 * MEBIBYTE);
    expect(during.numBytes - before.numBytes).toBe(8 * MEBIBYTE);
    expect(during.peakBytes).toBeGreaterThanOrEqual(during.liveBytes);
    tensor.dispose();
    const after = torchMemory();
    expect(after.liveBytes).toBe(before.liveBytes);
    expect(after.numTensors).toBe(before.numTensors);
  });

  test('counts memory that two tensors share once, until the last of them is gone', () => {
    const before = torchMemory().liveBytes;
    const tensor = filled(4);
    const reshaped = tf.reshape(tensor, [-1]);
    expect(torchMemory().liveBytes - before).toBe(4 * MEBIBYTE);
    tensor.dispose();
    expect(torchMemory().liveBytes - before).toBe(4 * MEBIBYTE);
    reshaped.dispose();
    expect(torchMemory().liveBytes).toBe(before);
  });

  test('includes what a kernel makes on its way, in the peak', () => {
    const before = torchMemory();
    const tensor = filled(64);
    tf.dispose(tf.logSumExp(tensor));
    tensor.dispose();
    const after = torchMemory();
    expect(after.peakBytes).toBeGreaterThanOrEqual(before.liveBytes + 64 * MEBIBYTE);
    expect(after.liveBytes).toBe(before.liveBytes);
  });

  test('has the same number of tensors after hundreds of steps', () => {
    const weights = tf.variable(tf.randomUniform([16, 16], -0.1, 0.1, 'float32', 1));
    const inputs = tf.randomUniform([8, 16], -1, 1, 'float32', 2);
    const optimizer = tf.train.sgd(0.01);
    const step = (): void => {
      optimizer.minimize(() => tf.sum(tf.square(tf.tanh(tf.matMul(inputs, weights as tf.Tensor2D)))));
    };
    for (let count = 0; count < 50; count++) step();
    const { numTensors, liveBytes } = torchMemory();
    for (let count = 0; count < 450; count++) step();
    expect(torchMemory()).toMatchObject({ numTensors, liveBytes });
    tf.dispose([weights, inputs]);
    optimizer.dispose();
  });
});

describe('the allocator', () => {
  test('keeps a freed block for the next tensor of its size', () => {
    const first = filled(16);
    first.dispose();
    const { cachedBytes } = torchMemory();
    expect(cachedBytes).toBeGreaterThanOrEqual(16 * MEBIBYTE);
    const second = filled(16);
    expect(torchMemory().cachedBytes).toBe(cachedBytes - 16 * MEBIBYTE);
    second.dispose();
    expect(torchMemory().cachedBytes).toBe(cachedBytes);
  });

  test('gives back what it has too much of when other sizes are asked for', () => {
    const tensors = Array.from({ length: 64 }, (_, index) => tf.fill([MEBIBYTE / 4 + index * 40_000], 1));
    tf.dispose(tensors);
    expect(torchMemory().cachedBytes).toBeGreaterThan(320 * MEBIBYTE);
    const other = filled(33);
    expect(torchMemory().cachedBytes).toBeLessThanOrEqual(192 * MEBIBYTE);
    other.dispose();
  });
});

describe('the memory of a gradient', () => {
  const layers = 48;

  afterEach(async () => startTorch());

  /** Bytes of the activations of `deep`, each of which is saved. */
  const activations = layers * MEBIBYTE;
  const deep = (x: tf.Tensor): tf.Tensor => {
    let y = x;
    for (let layer = 0; layer < layers; layer++) y = tf.tanh(y);
    return tf.sum(y);
  };

  test('of a deep chain falls as the backward pass goes on', () => {
    const live: number[] = [];
    const noting = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, 1),
      gradFunc: (dy) => {
        live.push(torchMemory().liveBytes);
        return tf.mul(dy, 1);
      },
    }));
    tf.tidy(() => {
      const x = filled(1);
      const before = torchMemory().liveBytes;
      tf.grad((input: tf.Tensor) => deep(noting(input)))(x);
      // The first layer comes last. What is left: its activation, the gradient, and what is on its way.
      expect((live[0] as number) - before).toBeLessThan(0.15 * activations);
    });
  });

  test('of a deep chain fits where tfjs would need twice the activations', async () => {
    await startTorch({ memoryLimit: torchMemory().liveBytes + Math.round(1.25 * activations) });
    const x = tf.zeros([MEBIBYTE / 4]);
    const gradient = tf.grad(deep)(x);
    expect(gradient.dataSync().every((value) => value === 1)).toBe(true);
    expect(() => tfjsGradients(() => deep(x), [x])).toThrow(/OUT_OF_MEMORY/);
  });
});
