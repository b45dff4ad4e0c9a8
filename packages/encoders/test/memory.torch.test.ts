import { beforeAll, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { createEncoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await useBackend('torch', { threads: 1, log: () => undefined });
});

test.each(['resnet18', 'resnet50'] as const)('%s frees activations as it goes', async (architecture) => {
  const encoder = createEncoder({ architecture, width: 8, seed: 1 });
  const images = tf.zeros<tf.Rank.R4>([4, 32, 32, 3]);
  const before = tf.memory();
  let features: tf.Tensor | undefined;
  const { peakBytes } = await tf.profile(() => {
    features = encoder.features(images, { training: false });
    return features;
  });
  // A block of the first stage has the largest activations: its input, what goes around it, and two within.
  const largest = (4 * 32 * 32 * 4 * encoder.featureSize) / 8;
  expect(peakBytes - before.numBytes).toBeLessThan(4.3 * largest);
  expect(tf.memory().numTensors).toBe(before.numTensors + 1);
  tf.dispose([images, features!]);
  encoder.dispose();
});
