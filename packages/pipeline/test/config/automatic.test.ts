import { describe, expect, test } from '@jest/globals';
import { presets, resolveConfig } from '@protocl/pipeline';

import {
  automaticBatchSize,
  automaticEpochs,
  automaticGranularities,
  automaticNeighbours,
  automaticQueue,
  automaticWarmup,
} from '../../src/config/automaticRules.js';
import { asWritten, choicesInWords, chosenAgain, isAutomatic } from '../../src/config/automatic.js';
import { readSetFlag } from '../../src/config/setFlag.js';

const demo = { origin: 'preset pcl-demo', values: presets['pcl-demo']! };
const folder = { origin: '--images', values: { data: { kind: 'folder', train: 'photos' } } };

function configFor(images: number, ...flags: string[]) {
  const resolved = resolveConfig([demo, folder, ...flags.map(readSetFlag)]);
  return chosenAgain(resolved, { count: images, hasClasses: true }, isAutomatic);
}

describe('pcl-demo', () => {
  const measured = {
    method: { queue: 2048, granularities: [250, 500], warmupEpochs: 4 },
    training: { epochs: 6, batchSize: 64 },
    evaluation: { knn: { k: 200 } },
  };

  test('is on CIFAR-10 what it was measured with', () => {
    expect(resolveConfig([demo])).toMatchObject({
      config: measured,
      origins: { 'training.batchSize': 'auto for 50000 images', 'method.momentum': 'preset pcl-demo' },
    });
  });

  test('suits a folder of 200 photos', () => {
    const resolved = configFor(200);
    expect(resolved.config).toMatchObject({
      method: { queue: 96, granularities: [7, 15], warmupEpochs: 66 },
      training: { epochs: 100, batchSize: 16 },
      evaluation: { knn: { k: 20 } },
      data: { classes: 'folders' },
    });
    expect(choicesInWords(resolved)).toMatch(
      /^chosen for 200 images: .*method.granularities=\[7,15\].*training.batchSize=16/,
    );
  });

  test('keeps what was set', () => {
    const { config, origins } = configFor(200, 'training.batchSize=10', 'method.granularities=[5]');
    expect(config.training.batchSize).toBe(10);
    expect(config.method).toMatchObject({ granularities: [5], queue: 100 });
    expect(origins['training.batchSize']).toBe('--set training.batchSize=10');
  });

  // Everything a run needs fits, down to the two images of the smallest batch.
  test.each([2, 3, 5, 7, 13, 26, 64, 100, 200, 999, 5000, 18_000, 50_000, 60_000, 400_000, 1_281_167])(
    'is possible with %d images',
    (count) => {
      const resolved = configFor(count);
      expect(() => resolveConfig([{ origin: 'chosen', values: resolved.config }])).not.toThrow();
      const { method, training } = resolved.config;
      if (method.kind !== 'pcl') throw new Error('the demo is PCL');
      expect(training.batchSize).toBeLessThanOrEqual(count);
      expect(method.queue % training.batchSize).toBe(0);
      expect(method.queue).toBeLessThanOrEqual(count);
      for (const k of method.granularities) expect(k).toBeLessThanOrEqual(count);
      expect(method.warmupEpochs).toBeLessThan(training.epochs);
    },
  );
});

describe('the rules', () => {
  test.each([
    [automaticBatchSize(512), 64],
    [automaticBatchSize(511), 32],
    [automaticBatchSize(20), 8],
    [automaticBatchSize(5), 4],
    [automaticEpochs(781), 6],
    [automaticEpochs(100), 45],
    [automaticEpochs(1), 100],
    [automaticWarmup(200, 5004), 20],
    [automaticWarmup(6, 781), 4],
    [automaticWarmup(100, 12), 66],
    [automaticWarmup(1, 12), 0],
    [automaticQueue(1_281_167, 256), 16_384],
    [automaticQueue(5000, 64), 2048],
    [automaticQueue(10, 8), 8],
    [automaticGranularities(1_280_000), [6400, 12_800]],
    [automaticGranularities(1280), [50, 100]],
    [automaticGranularities(20), [2]],
    [automaticNeighbours(1999), 199],
    [automaticNeighbours(3), 1],
  ])('%j', (chosen, expected) => {
    expect(chosen).toEqual(expected);
  });
});

describe('before the images have been looked at', () => {
  const resolved = resolveConfig([demo, folder]);

  test('what is to be chosen is written as auto', () => {
    expect(asWritten(resolved)).toMatchObject({
      data: { classes: 'auto' },
      method: { queue: 'auto', granularities: 'auto', warmupEpochs: 'auto', momentum: 0.995 },
      training: { epochs: 'auto', batchSize: 'auto' },
    });
  });

  test('a queue that fits a batch that is still to be chosen is not refused, a wrong view is', () => {
    expect(() => resolveConfig([demo, folder, readSetFlag('method.queue=48')])).not.toThrow();
    const blur = 'augmentation.changes={gaussianBlur: {probability: 1, sigma: [1, 2], kernel: 65}}';
    expect(() => resolveConfig([demo, folder, readSetFlag(blur)])).toThrow(/gaussianBlur.kernel/);
  });

  test('the other settings are checked as ever', () => {
    const flags = [
      'method.queue=100',
      'method.granularities=[2]',
      'method.warmupEpochs=0',
      'evaluation.knn.k=1',
    ];
    const all = [...flags, 'training.epochs=1', 'training.batchSize=16'].map(readSetFlag);
    expect(() => resolveConfig([demo, folder, ...all])).toThrow(/method.queue.*multiple of 16/);
  });
});
