// protocl train --preset pcl-v2-imagenet --set data.train=imagenet/train --set data.test=imagenet/val

import type { ConfigInput } from '../config/schema.js';
import { pclV1Imagenet } from './pclV1Imagenet.js';

/**
 * PCL v2, with the paper's settings: v1 with an MLP head, the augmentations of MoCo v2, temperature
 * 0.2 and a cosine schedule. The published linear accuracy on ImageNet is 67.6%.
 *
 * Source: Li et al., ICLR 2021, as for v1, and the improvements of Chen et al., "Improved Baselines
 * with Momentum Contrastive Learning", 2020.
 */
export const pclV2Imagenet = {
  ...pclV1Imagenet,
  name: 'pcl-v2-imagenet',
  augmentation: { recipe: 'mocoV2', size: 224 },
  encoder: { architecture: 'resnet50', stem: 'imagenet', head: { kind: 'mlp', dimension: 128 } },
  method: { ...pclV1Imagenet.method, temperature: 0.2 },
  schedule: { kind: 'cosine', learningRate: 0.03 },
} satisfies ConfigInput;
