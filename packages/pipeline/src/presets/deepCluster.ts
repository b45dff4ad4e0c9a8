// protocl train --preset deepcluster-cifar10
// protocl train --preset deepcluster-imagenet --set data.train=imagenet/train --set data.test=imagenet/val

import type { ConfigInput } from '../config/schema.js';

/** The colours stay as they are. */
const withoutColours = { colorJitter: { probability: 0 }, grayscale: { probability: 0 } };

/**
 * DeepCluster with the paper's settings (10,000 clusters of 256 whitened components, a constant learning rate,
 * crops and flips, edges in the place of colours), but on ResNet-50, which the other presets have, where the paper
 * has AlexNet and VGG-16 with dropout; and for 200 epochs, the default of its code.
 *
 * The features of all images are in memory while they are clustered, at 8 kB an image: 10 GB for ImageNet, and as
 * much again on the device.
 *
 * Source: Caron, Bojanowski, Joulin and Douze, "Deep Clustering for Unsupervised Learning of Visual Features",
 * ECCV 2018.
 */
export const deepClusterImagenet = {
  name: 'deepcluster-imagenet',
  data: { kind: 'folder', train: 'imagenet/train', test: 'imagenet/val' },
  augmentation: {
    recipe: 'mocoV1',
    size: 224,
    changes: { ...withoutColours, randomResizedCrop: { size: 224, scale: [0.08, 1] } },
  },
  encoder: { architecture: 'resnet50', stem: 'imagenet', input: 'sobel', head: { kind: 'none' } },
  method: { kind: 'deepcluster', clusters: 10_000, components: 256 },
  training: { epochs: 200, batchSize: 256 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-5 },
  schedule: { kind: 'constant', learningRate: 0.05 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 20 },
  // Features of all images would take 10 GB.
  evaluation: { everyEpochs: 20, trainLimit: 100_000 },
} satisfies ConfigInput;

/** DeepCluster on CIFAR-10: ten times as many clusters as there are classes, as the paper found best for ImageNet. */
export const deepClusterCifar10 = {
  name: 'deepcluster-cifar10',
  data: { kind: 'cifar10' },
  augmentation: { recipe: 'cifar', size: 32, changes: withoutColours },
  encoder: { architecture: 'resnet18', stem: 'small', input: 'sobel', head: { kind: 'none' } },
  method: { kind: 'deepcluster', clusters: 100, components: 256 },
  training: { epochs: 200, batchSize: 256 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-5 },
  schedule: { kind: 'constant', learningRate: 0.05 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 50, best: { metric: 'knn' } },
  evaluation: { everyEpochs: 10 },
} satisfies ConfigInput;
