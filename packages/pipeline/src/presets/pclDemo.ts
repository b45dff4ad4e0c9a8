// npm run demo, or protocl train --preset pcl-demo
//
// Measured with seed 1 on 2 cores of an Intel Xeon with AVX-512: kNN accuracy .354 with random weights, .540 after the
// warm-up, .567 at the end; linear .415, .580, .597; cluster purity .455 (k = 250); 925 MiB; 6.4 minutes: an epoch takes
// 42 seconds, an E-step 20 and an evaluation 24 to 37. The prototypes do not pay for their time yet in so short a run.

import type { ConfigInput } from '../config/schema.js';

/**
 * PCL within minutes on a laptop's processor: a small encoder for a few epochs on CIFAR-10, or on a folder of any
 * number of images. What is `auto` is, on CIFAR-10: batches of 64, 6 epochs, 4 of them warm-up, a queue of 2048 and
 * 250 and 500 clusters.
 */
export const pclDemo = {
  name: 'pcl-demo',
  data: { kind: 'cifar10' },
  // A wide network on small views learns more in a minute than a narrow one on large views. Without a
  // gradient the images are seen larger: views show parts of them, at about this scale.
  augmentation: { recipe: 'cifar', size: 16, changes: { plain: { resize: 24, size: 24 } } },
  // A hidden layer in the head would keep to itself, in so few epochs, much of what is learned.
  encoder: { architecture: 'resnet8', stem: 'small', width: 32, head: { kind: 'linear', dimension: 128 } },
  method: {
    kind: 'pcl',
    temperature: 0.1,
    queue: 'auto',
    momentum: 0.995,
    warmupEpochs: 'auto',
    granularities: 'auto',
    prototypeWeight: 0.3,
    batchNormSplits: 1,
    expectation: { redo: 1 },
  },
  training: { epochs: 'auto', batchSize: 'auto' },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: 'cosine', learningRate: 0.08, warmupEpochs: 0.25 },
  evaluation: { everyEpochs: 4, atStart: true, knn: { k: 'auto' }, linear: { when: 'stages' } },
} satisfies ConfigInput;
