import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { createEncoder } from '@protocl/encoders';
import { methodOf, resolveConfig } from '@protocl/pipeline';
import { optimizerOf } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { readSetFlag } from '../../src/config/setFlag.js';
import { memoryNeeds } from '../../src/memory/memoryNeeds.js';
import { tiny } from '../tinyConfig.js';

jest.setTimeout(120_000);

// The engine that needs the least.
beforeAll(async () => {
  await useBackend('torch', { device: 'cpu', log: () => undefined });
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

function configWith(...flags: string[]) {
  return resolveConfig([{ origin: 'tiny', values: tiny }, ...flags.map(readSetFlag)]).config;
}

// Whatever is refused as too much has to be more than that in fact; and an estimate near nothing refuses nothing.
test.each([
  [[]],
  [['augmentation.size=16', 'encoder.width=8']],
  [['method.queue=16384', 'encoder.head.dimension=64', 'optimizer={kind: adamW}']],
  [['method={kind: moco, queue: 64, batchNormSplits: 2, symmetric: true}', 'augmentation.size=12']],
  [['method={kind: simclr}', 'training.batchSize=32', 'encoder.head.kind=mlp', 'augmentation.size=16']],
  [['method={kind: deepcluster, clusters: 8}', 'encoder.input=sobel', 'encoder.architecture=resnet14']],
  [['encoder.architecture=resnet50', 'encoder.stem=imagenet', 'augmentation.size=33', 'encoder.width=2']],
])('the estimate is at most what a step takes, and no less than a third of it: %j', async (flags) => {
  // Without clusters, which there are none of yet.
  const config = configWith('method.warmupEpochs=4', ...flags);
  const { batchSize } = config.training;
  const encoder = createEncoder({ ...config.encoder, seed: 1 });
  const method = methodOf(config, { encoder, source: { size: 640, batchSize } });
  const optimizer = optimizerOf(config.optimizer)(method.variables);
  const indices = Int32Array.from({ length: batchSize }, (_, index) => index);
  const { size } = config.augmentation;
  const view = (seed: number) =>
    tf.randomNormal<tf.Rank.R4>([batchSize, size, size, 3], 0, 1, 'float32', seed);
  const views = [view(1), view(2)] as const;
  // What is profiled has to return a tensor.
  const none = tf.tensor([]);
  const { peakBytes } = await tf.profile(() => {
    const { loss, gradients, figures } = method.step(
      { views, indices },
      { epoch: 0, step: 0, measured: false },
    );
    tf.dispose([loss, gradients, figures] as tf.TensorContainer);
    return none;
  });
  const { always, moments } = memoryNeeds(config, {});
  const totals = moments.map((moment) =>
    [...always, ...moment]
      .filter(({ place }) => place === 'engine')
      .reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const estimated = Math.max(...totals);
  expect(estimated).toBeLessThanOrEqual(peakBytes);
  expect(estimated).toBeGreaterThan(peakBytes / 3);
  optimizer.dispose();
  method.dispose();
  encoder.dispose();
  tf.disposeVariables();
  tf.dispose([...views, none]);
});
