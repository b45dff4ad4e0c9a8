// protocl compare compare-demo

import type { GridInput } from '../compare/gridSchema.js';

const EPOCHS = 6;

/** What MoCo shares with the base's PCL, of which nothing is left where the kind of the method changes. */
const moco = { kind: 'moco', queue: 2048, momentum: 0.995, batchNormSplits: 1 } as const;

/** Two layers, as the second versions of the methods have. */
const mlpHead = { head: { kind: 'mlp', dimension: 128 } } as const;

/**
 * All methods, and PCL with one part of it changed at a time, with the small encoder of `pcl-demo`: 30 runs,
 * over an hour on 2 cores. On Fashion-MNIST, since as short a training on CIFAR-10 does not tell PCL from
 * InfoNCE alone. The weight of the prototypes is the paper's.
 */
export const compareDemo = {
  name: 'compare-demo',
  base: {
    preset: 'pcl-demo',
    data: { kind: 'fashion-mnist', limit: 18_000 },
    method: { kind: 'pcl', warmupEpochs: 2, queue: 2048, granularities: [250, 500], prototypeWeight: 1 },
    training: { epochs: EPOCHS, batchSize: 64 },
    evaluation: {
      everyEpochs: EPOCHS,
      atStart: false,
      trainLimit: 10_000,
      knn: { k: 200 },
      linear: { when: 'never' },
    },
  },
  arms: {
    pcl: {},
    // InfoNCE to the end, which is MoCo v1.
    'instance-only': { method: { prototypeWeight: 0 } },
    // After the warm-up, without which there is nothing to cluster by.
    'prototype-only': { method: { instanceWeight: 0 } },
    'pcl-one-granularity': { method: { granularities: [250] } },
    'pcl-fixed-concentration': { method: { expectation: { concentration: 'fixed' } } },
    'pcl-no-warmup': { method: { warmupEpochs: 0 } },
    'pcl-keep-duplicates': { method: { duplicates: 'keep' } },
    'moco-v2': { method: { ...moco, temperature: 0.2 }, encoder: mlpHead },
    simclr: { method: { kind: 'simclr', temperature: 0.5 }, encoder: mlpHead },
    deepcluster: {
      // Colours stay as they are; what is learned is which cluster an image belongs to.
      augmentation: { changes: { colorJitter: { probability: 0 }, grayscale: { probability: 0 } } },
      encoder: { input: 'sobel', head: { kind: 'none' } },
      method: { kind: 'deepcluster', clusters: 250, components: 128 },
      optimizer: { kind: 'sgd', weightDecay: 1e-5 },
      schedule: { kind: 'constant', learningRate: 0.05 },
    },
  },
  seeds: [1, 2, 3],
  parallel: 2,
} satisfies GridInput;
