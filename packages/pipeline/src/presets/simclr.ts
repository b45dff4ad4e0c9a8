// protocl train --preset simclr-cifar10
// protocl train --preset simclr-imagenet --set data.train=imagenet/train --set data.test=imagenet/val

import type { ConfigInput } from '../config/schema.js';

/**
 * SimCLR with the paper's settings: ResNet-50, an MLP head (as the paper writes it; its code adds batch norms to
 * both layers), LARS with a rate of 0.3 for each 256 images of the batch, ten epochs of warm-up. The published linear accuracy on ImageNet is 64.7% after 100 epochs with this
 * batch.
 *
 * Source: Chen, Kornblith, Norouzi and Hinton, "A Simple Framework for Contrastive Learning of Visual
 * Representations", ICML 2020, section 2 and appendix B.
 */
export const simclrImagenet = {
  name: 'simclr-imagenet',
  data: { kind: 'folder', train: 'imagenet/train', test: 'imagenet/val' },
  augmentation: { recipe: 'simclr', size: 224 },
  encoder: { architecture: 'resnet50', stem: 'imagenet', head: { kind: 'mlp', dimension: 128 } },
  method: { kind: 'simclr', temperature: 0.1 },
  training: { epochs: 100, batchSize: 4096 },
  optimizer: { kind: 'lars', momentum: 0.9, weightDecay: 1e-6 },
  schedule: { kind: 'cosine', learningRate: 0.3, per: 256, warmupEpochs: 10 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 20 },
  // Features of all images would take 10 GB.
  evaluation: { everyEpochs: 20, trainLimit: 100_000 },
} satisfies ConfigInput;

/**
 * SimCLR on CIFAR-10 with the paper's temperature and learning rate for it (1 for each 256 images), and the encoder
 * and the epochs that the other presets for this data set have, so that they can be compared.
 *
 * Source: as above, appendix B.9.
 */
export const simclrCifar10 = {
  name: 'simclr-cifar10',
  data: { kind: 'cifar10' },
  augmentation: { recipe: 'cifarSimclr', size: 32 },
  encoder: { architecture: 'resnet18', stem: 'small', head: { kind: 'mlp', dimension: 128 } },
  method: { kind: 'simclr', temperature: 0.5 },
  training: { epochs: 200, batchSize: 512 },
  optimizer: { kind: 'lars', momentum: 0.9, weightDecay: 1e-6 },
  schedule: { kind: 'cosine', learningRate: 1, per: 256, warmupEpochs: 10 },
  checkpoints: { keepLast: 2, keepEveryEpochs: 50, best: { metric: 'knn' } },
  evaluation: { everyEpochs: 10 },
} satisfies ConfigInput;
