import { beforeAll, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { batches } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

import { Classifier } from '../classifier.js';
import { normalizedImages } from '../images.js';
import { syntheticDataset } from './syntheticDataset.js';

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});

test('learns a data set that can be learnt, and keeps no tensors', async () => {
  const before = tf.memory().numTensors;
  const trainSet = syntheticDataset(320, 1);
  const testSet = syntheticDataset(100, 2);
  const classifier = new Classifier({ architecture: 'resnet8', width: 8, classes: 10, seed: 1 });
  const kept = tf.memory().numTensors;
  const losses: number[] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    for (const batch of batches(trainSet, { batchSize: 32, seed: 1, epoch })) {
      const images = normalizedImages(batch);
      const labels = tf.tensor1d(batch.labels, 'int32');
      const loss = classifier.step(images, labels, 0.03);
      losses.push(loss.dataSync()[0]!);
      tf.dispose([images, labels, loss]);
      expect(tf.memory().numTensors).toBe(kept);
    }
  }
  expect(losses[0]).toBeGreaterThan(2);
  const last = losses.slice(-5);
  expect(last.reduce((sum, loss) => sum + loss, 0) / last.length).toBeLessThan(0.8);
  // Guessing gets 0.1.
  expect(await classifier.accuracy(testSet)).toBeGreaterThan(0.5);
  expect(tf.memory().numTensors).toBe(kept);
  classifier.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
