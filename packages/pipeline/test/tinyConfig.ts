import { resolveConfig, type ConfigInput, type ResolvedConfig } from '@protocl/pipeline';

/** A run of seconds: a small network, two epochs of warm-up and two with prototypes. */
export const tiny = {
  name: 'tiny',
  seed: 3,
  data: { kind: 'cifar10' },
  augmentation: { recipe: 'cifar', size: 8 },
  encoder: { architecture: 'resnet8', width: 4, head: { kind: 'linear', dimension: 8 } },
  method: {
    kind: 'pcl',
    queue: 64,
    momentum: 0.9,
    warmupEpochs: 2,
    granularities: [4, 8],
    batchNormSplits: 1,
    expectation: { iterations: 5, redo: 1, minPointsPerCentroid: 1 },
  },
  optimizer: { kind: 'sgd' },
  schedule: { kind: 'cosine', learningRate: 0.06, warmupEpochs: 0.5 },
  training: { epochs: 4, batchSize: 16, readEvery: 2 },
  checkpoints: { everySteps: 2 },
  evaluation: {
    everyEpochs: 2,
    atStart: true,
    batchSize: 40,
    knn: { k: 5 },
    linear: { when: 'stages', iterations: 20 },
  },
  engine: { backend: 'wasm' },
} satisfies ConfigInput;

/** {@link tiny} with changes on top of it. */
export function tinyConfig(changes: Record<string, unknown> = {}): ResolvedConfig {
  // Its data set has fewer images than the one it names, which the run checks.
  return resolveConfig([
    { origin: 'tiny', values: tiny },
    { origin: 'test', values: changes },
  ]);
}
