import { parseRecipe } from '@protocl/augment';
import { loadConfig, recipeOf } from '@protocl/pipeline';

import { expect, test } from '@jest/globals';

import { epochCases } from '../epoch/cases.js';
import { parseOptions } from '../options.js';

const data = { path: 'images.bin', shape: [50_000, 32, 32, 3] };

test('both sides are given the settings of the preset, and the promises are those that were made', async () => {
  const { config } = await loadConfig({ preset: 'pcl-demo' });
  const recipe = parseRecipe(recipeOf(config.augmentation));
  const options = parseOptions(['epoch', '--threads', '1,2']);
  const cases = epochCases('pcl-demo', config, recipe, data, options);
  expect(cases.map(({ name, limit }) => [name, limit?.toFixed(3)])).toEqual([
    ['pcl-demo/m-step', '0.769'],
    ['pcl-demo/e-step', '0.700'],
    ['pcl-demo/peak-memory', undefined],
  ]);
  for (const { ours, peers } of cases) {
    expect(ours).toMatchObject({ preset: 'pcl-demo', backend: 'torch' });
    for (const { task } of peers) {
      expect(task['settings']).toMatchObject({
        data,
        recipe: { randomResizedCrop: { size: config.augmentation.size } },
        depth: 8,
        batch: config.training.batchSize,
        granularities: [250, 500],
        redo: 1,
      });
    }
  }
  expect(cases[0]!.peers.map(({ task }) => task['threads'])).toEqual([1, 2]);
});

test('trying it out takes few images and promises nothing', async () => {
  const { config } = await loadConfig({ preset: 'pcl-demo' });
  const few = { ...data, shape: [2048, 32, 32, 3] };
  const cases = epochCases('pcl-demo', config, {}, few, parseOptions(['epoch', '--tiny']));
  expect(cases.map(({ limit }) => limit)).toEqual([undefined, undefined, undefined]);
  expect(cases[0]!.ours).toMatchObject({ limit: 2048 });
});
