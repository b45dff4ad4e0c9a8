// protocl train --preset pcl-cifar10

import type { ConfigInput } from '../config/schema.js';

/**
 * PCL on CIFAR-10 with ResNet-18 for 200 epochs. MoCo's settings for this data set (queue, momentum,
 * temperature, learning rate, batch norm in 8 parts), and 250, 500 and 1000 clusters: far more than
 * there are classes, as the prototypes need.
 *
 * Made for a GPU. With the same encoder and as many epochs, kNN of MoCo by the head's output
 * (`evaluation.features=head`) is published as 82.6%.
 */
export const pclCifar10 = {
  name: 'pcl-cifar10',
  data: { kind: 'cifar10' },
  augmentation: { recipe: 'cifar', size: 32 },
  encoder: { architecture: 'resnet18', stem: 'small', head: { kind: 'linear', dimension: 128 } },
  method: {
    kind: 'pcl',
    temperature: 0.1,
    queue: 4096,
    momentum: 0.99,
    warmupEpochs: 20,
    granularities: [250, 500, 1000],
    batchNormSplits: 8,
  },
  training: { epochs: 200, batchSize: 512 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: 'cosine', learningRate: 0.06 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 50, best: { metric: 'knn' } },
  evaluation: { everyEpochs: 10 },
} satisfies ConfigInput;
