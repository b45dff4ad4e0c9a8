// npm run demo, or protocl train --preset pcl-demo

import type { ConfigInput } from '../config/schema.js';

/** PCL on CIFAR-10 within minutes on a laptop's processor: a small encoder for a few epochs. */
export const pclDemo = {
  name: 'pcl-demo',
  data: { kind: 'cifar10' },
  augmentation: { recipe: 'cifar', size: 32 },
  encoder: { architecture: 'resnet8', stem: 'small', width: 16, head: { kind: 'linear', dimension: 64 } },
  method: {
    temperature: 0.2,
    queue: 2048,
    momentum: 0.98,
    warmupEpochs: 4,
    granularities: [250, 500],
    batchNormSplits: 1,
    expectation: { redo: 1 },
  },
  training: { epochs: 8, batchSize: 256 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  schedule: { kind: 'cosine', learningRate: 0.24, warmupEpochs: 0.25 },
  evaluation: { everyEpochs: 2, atStart: true, linear: { when: 'stages' } },
} satisfies ConfigInput;
