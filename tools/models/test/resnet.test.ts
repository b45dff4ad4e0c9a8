import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { createResNet } from '../resnet.js';
import { describeAgainstPyTorch } from './describeAgainstPyTorch.js';

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});

let tensorsBefore: number;
beforeAll(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

describe('createResNet', () => {
  test('builds the CIFAR ResNet-18 of 11,173,962 parameters, with torchvision’s names', () => {
    const network = createResNet({ depth: 18, seed: 1 });
    expect(network.parameterCount).toBe(11_173_962);
    expect(Object.keys(network.variables)).toHaveLength(62);
    expect(Object.keys(network.statistics)).toHaveLength(40);
    expect(network.variables['layer4.0.downsample.0.weight']?.shape).toEqual([1, 1, 256, 512]);
    expect(network.variables['conv1.weight']?.shape).toEqual([3, 3, 3, 64]);
    network.dispose();
  });

  test.each([8, 14] as const)('builds ResNet-%i', (depth) => {
    const network = createResNet({ depth, width: 4, classes: 7, seed: 1 });
    const convolutions = Object.keys(network.variables).filter((name) => /conv\d\.weight/.test(name));
    expect(convolutions).toHaveLength(depth - 1);
    const logits = tf.tidy(() => network.forward(tf.ones([2, 12, 20, 3]), { training: false }));
    expect(logits.shape).toEqual([2, 7]);
    tf.dispose(logits);
    network.dispose();
  });

  test('draws torchvision’s initial weights from the seed', () => {
    const networks = [1, 1, 2].map((seed) => createResNet({ depth: 8, width: 32, seed }));
    const [first, again, other] = networks.map(({ variables }) =>
      variables['layer3.0.conv2.weight']!.dataSync(),
    );
    const equals = (a: typeof first, b: typeof first) => a!.every((value, index) => value === b![index]);
    expect(equals(first, again)).toBe(true);
    expect(equals(first, other)).toBe(false);
    const { variables } = networks[0]!;
    // Variance 2 / fan-out, where the fan-out is 3 · 3 · 128 and a quarter of a million weights tell it well.
    const { mean, variance } = tf.tidy(() => {
      const moments = tf.moments(variables['layer3.0.conv2.weight']!);
      return { mean: moments.mean.dataSync()[0]!, variance: moments.variance.dataSync()[0]! };
    });
    expect(Math.abs(mean)).toBeLessThan(0.001);
    expect((variance * 9 * 128) / 2).toBeCloseTo(1, 1);
    const head = variables['fc.weight']!.dataSync();
    expect(Math.max(...head)).toBeLessThan(1 / Math.sqrt(128));
    expect(Math.max(...head)).toBeGreaterThan(0.9 / Math.sqrt(128));
    expect(Math.min(...head)).toBeLessThan(-0.9 / Math.sqrt(128));
    expect(new Set(variables['bn1.weight']!.dataSync())).toEqual(new Set([1]));
    expect(new Set(variables['bn1.bias']!.dataSync())).toEqual(new Set([0]));
    for (const network of networks) network.dispose();
  });
});

describeAgainstPyTorch();
