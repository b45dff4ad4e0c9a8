import { beforeAll, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { batches, loadCifar10 } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

import { Classifier } from '../classifier.js';
import { augmentedImages, normalizedImages } from '../images.js';

const STEPS = 60;
/** The first use downloads the data set. */
const TIMEOUT_MS = 600_000;

beforeAll(async () => {
  await useBackend('torch', { threads: 1, log: () => undefined });
});

test(
  'sixty steps on real images teach more than guessing',
  async () => {
    const trainSet = await loadCifar10({ split: 'train' });
    const { images, labels, classNames } = await loadCifar10({ split: 'test' });
    const sample = images.subarray(0, 1000 * 3072);
    const testSet = {
      images: sample,
      labels: labels.subarray(0, 1000),
      shape: [1000, 32, 32, 3] as const,
      classNames,
    };
    const classifier = new Classifier({ architecture: 'resnet8', width: 16, classes: 10, seed: 1 });
    let step = 0;
    for (const batch of batches(trainSet, { batchSize: 64, seed: 1 })) {
      const pixels = normalizedImages(batch);
      const views = augmentedImages(pixels, { seed: 1, epoch: 0, step });
      const classes = tf.tensor1d(batch.labels, 'int32');
      const loss = classifier.step(views, classes, 0.05 * (1 - step / STEPS));
      tf.dispose([pixels, views, classes, loss]);
      if (++step === STEPS) break;
    }
    // Guessing gets 0.1.
    expect(await classifier.accuracy(testSet)).toBeGreaterThan(0.22);
    classifier.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
  TIMEOUT_MS,
);
