// protocl train --preset pcl-v1-imagenet --set data.train=imagenet/train --set data.test=imagenet/val

import type { ConfigInput } from '../config/schema.js';

/**
 * PCL as first published, with the paper's settings: ResNet-50, a linear head, the augmentations of
 * MoCo v1, a step schedule. The published linear accuracy on ImageNet is 61.5%.
 *
 * Source: Li et al., "Prototypical Contrastive Learning of Unsupervised Representations", ICLR 2021,
 * section 4.1 and appendix.
 */
export const pclV1Imagenet = {
  name: 'pcl-v1-imagenet',
  data: { kind: 'folder', train: 'imagenet/train', test: 'imagenet/val' },
  augmentation: { recipe: 'mocoV1', size: 224 },
  encoder: { architecture: 'resnet50', stem: 'imagenet', head: { kind: 'linear', dimension: 128 } },
  method: {
    kind: 'pcl',
    temperature: 0.1,
    queue: 16_384,
    momentum: 0.999,
    warmupEpochs: 20,
    granularities: [25_000, 50_000, 100_000],
    prototypeNegatives: 16_000,
    batchNormSplits: 8,
  },
  training: { epochs: 200, batchSize: 256 },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  schedule: { kind: 'step', learningRate: 0.03, milestones: [120, 160], factor: 0.1 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 20 },
  // Features of all images would take 10 GB.
  evaluation: { everyEpochs: 20, trainLimit: 100_000 },
} satisfies ConfigInput;
