import { totalmem } from 'node:os';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { registerGradientRules } from './gradientRules.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';
import { thrownBy } from './thrownBy.js';

const MEBIBYTE = 2 ** 20;

describe('the memory limit', () => {
  beforeAll(async () => {
    await startTorch();
    registerGradientRules();
  }, STARTUP_TIMEOUT_MS);
  afterAll(async () => startTorch());

  test("is the machine's memory at most, unless it is chosen", async () => {
    await startTorch();
    expect(torchMemory().limitBytes).toBeLessThanOrEqual(totalmem());
    await startTorch({ memoryLimit: 123 * MEBIBYTE });
    expect(torchMemory().limitBytes).toBe(123 * MEBIBYTE);
  });

  test('holds for what is live, not for what was', async () => {
    await startTorch({ memoryLimit: torchMemory().liveBytes + 64 * MEBIBYTE });
    const first = tf.fill([40, MEBIBYTE / 4], 1);
    const error = thrownBy(() => tf.mul(first, 2));
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', given: 40 * MEBIBYTE });
    expect(error.message).toContain('Multiply failed on a [40,262144] float32');
    first.dispose();
    const second = tf.fill([60, MEBIBYTE / 4], 1);
    expect(second.shape).toEqual([60, MEBIBYTE / 4]);
    second.dispose();
  });

  test('holds for values from JavaScript', async () => {
    await startTorch({ memoryLimit: torchMemory().liveBytes + 2 * MEBIBYTE });
    const error = thrownBy(() => tf.tensor1d(new Float32Array(MEBIBYTE)));
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', given: 4 * MEBIBYTE });
    expect(error.message).toContain('[1048576]');
  });

  test('stops a training step, after which a smaller batch works', async () => {
    await startTorch({ memoryLimit: torchMemory().liveBytes + 16 * MEBIBYTE });
    const weights = tf.variable(tf.fill([256, 256], 0.01));
    const optimizer = tf.train.sgd(0.1);
    const step = (batch: number): void => {
      tf.tidy(() => {
        let hidden: tf.Tensor = tf.ones([batch, 256]);
        optimizer.minimize(() => {
          for (let layer = 0; layer < 8; layer++) {
            hidden = tf.tanh(tf.matMul(hidden as tf.Tensor2D, weights as tf.Tensor2D));
          }
          return tf.sum(hidden);
        });
      });
    };
    const { numTensors, liveBytes } = torchMemory();
    expect(thrownBy(() => step(4_096))).toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(torchMemory()).toMatchObject({ numTensors, liveBytes });
    step(256);
    expect(torchMemory().numTensors).toBe(numTensors);
    weights.dispose();
    optimizer.dispose();
  });
});
