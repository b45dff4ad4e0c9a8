// npm run demo, or protocl train --preset pcl-demo
//
// Measured with seed 1 on 2 cores of an AMD EPYC (Zen 3): kNN accuracy .340 with random weights, .476 after the
// warm-up, .503 at the end; linear .379, .515, .547; cluster purity .424 (k = 250); 873 MiB; 18 minutes beside
// other work on the same cores.

import type { ConfigInput } from '../config/schema.js';

/** PCL on CIFAR-10 within minutes on a laptop's processor: a small encoder for a few epochs. */
export const pclDemo = {
  name: 'pcl-demo',
  data: { kind: 'cifar10' },
  // Views of 24 pixels cost half of what 32 cost, and evaluation sees the images as they are.
  augmentation: { recipe: 'cifar', size: 24, changes: { plain: { resize: 32, size: 32 } } },
  encoder: { architecture: 'resnet8', stem: 'small', width: 16, head: { kind: 'mlp', dimension: 64 } },
  method: {
    temperature: 0.2,
    queue: 2048,
    momentum: 0.99,
    warmupEpochs: 5,
    granularities: [250, 500],
    batchNormSplits: 1,
    expectation: { redo: 1 },
  },
  training: { epochs: 10, batchSize: 128 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: 'cosine', learningRate: 0.12, warmupEpochs: 0.25 },
  evaluation: { everyEpochs: 5, atStart: true, linear: { when: 'stages' } },
} satisfies ConfigInput;
