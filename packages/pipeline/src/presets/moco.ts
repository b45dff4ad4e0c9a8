// protocl train --preset moco-v2-cifar10
// protocl train --preset moco-v2-imagenet --set data.train=imagenet/train --set data.test=imagenet/val

import type { ConfigInput } from '../config/schema.js';
import { pclCifar10 } from './pclCifar10.js';
import { pclV1Imagenet } from './pclV1Imagenet.js';

/**
 * MoCo v1 with the paper's settings: ResNet-50, a linear head, a step schedule. The published linear
 * accuracy on ImageNet is 60.6%.
 *
 * Source: He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020.
 */
export const mocoV1Imagenet = {
  ...pclV1Imagenet,
  name: 'moco-v1-imagenet',
  method: { kind: 'moco', temperature: 0.07, queue: 65_536, momentum: 0.999, batchNormSplits: 8 },
} satisfies ConfigInput;

/**
 * MoCo v2: an MLP head, stronger augmentation, temperature 0.2 and a cosine schedule, which falls with every step
 * where the original's falls once an epoch. The published linear accuracy on ImageNet is 67.5% after 200 epochs.
 *
 * Source: Chen, Fan, Girshick and He, "Improved Baselines with Momentum Contrastive Learning", 2020.
 */
export const mocoV2Imagenet = {
  ...mocoV1Imagenet,
  name: 'moco-v2-imagenet',
  augmentation: { recipe: 'mocoV2', size: 224 },
  encoder: { architecture: 'resnet50', stem: 'imagenet', head: { kind: 'mlp', dimension: 128 } },
  method: { ...mocoV1Imagenet.method, temperature: 0.2 },
  schedule: { kind: 'cosine', learningRate: 0.03 },
} satisfies ConfigInput;

/**
 * MoCo's own settings for CIFAR-10, where kNN of a ResNet-18 is published as 82.6% after 200 epochs: by the head's
 * output, as `evaluation.features=head` has it. The cosine there falls once an epoch; here with every step.
 */
export const mocoV1Cifar10 = {
  ...pclCifar10,
  name: 'moco-v1-cifar10',
  method: { kind: 'moco', temperature: 0.1, queue: 4096, momentum: 0.99, batchNormSplits: 8 },
} satisfies ConfigInput;

/** The same with the MLP head of version 2. */
export const mocoV2Cifar10 = {
  ...mocoV1Cifar10,
  name: 'moco-v2-cifar10',
  encoder: { architecture: 'resnet18', stem: 'small', head: { kind: 'mlp', dimension: 128 } },
} satisfies ConfigInput;
