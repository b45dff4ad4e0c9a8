import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseRecipe } from '@protocl/augment';
import { loadConfig, recipeOf } from '@protocl/pipeline';

import { describe, expect, test } from '@jest/globals';

import { epochCases } from '../epoch/cases.js';
import { deviceEpochCases } from '../epoch/deviceCases.js';
import { deviceEpochSides } from '../epoch/epoch.js';
import { runCases } from '../harness/runCases.js';
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
  const ways = cases.map(({ peers }) => peers.map(({ variant }) => variant));
  expect(ways[0]).toEqual([
    ...[2, 1].flatMap((count) =>
      ['views by batches', 'views of 2 workers'].map(
        (way) => `${way}, ${count === 1 ? '1 thread' : '2 threads'}`,
      ),
    ),
    'views of 2 workers, threads that sleep',
    'views by batches, compiled',
  ]);
  expect(ways[1]).toEqual([
    'views by batches',
    'views of 2 workers',
    'views of 2 workers, threads that sleep',
    'views by batches, compiled',
  ]);
  const [training] = epochCases('pcl-demo', config, recipe, data, options, ['SkylakeX', 'Haswell']);
  for (const { environment } of training!.peers)
    expect(environment).toMatchObject({ OPENBLAS_CORETYPE: 'SkylakeX' });
});

test('trying it out takes few images and promises nothing', async () => {
  const { config } = await loadConfig({ preset: 'pcl-demo' });
  const few = { ...data, shape: [2048, 32, 32, 3] };
  const cases = epochCases('pcl-demo', config, {}, few, parseOptions(['epoch', '--tiny']));
  expect(cases.map(({ limit }) => limit)).toEqual([undefined, undefined, undefined]);
  expect(cases[0]!.ours).toMatchObject({ limit: 2048 });
});

describe('on a graphics processor', () => {
  const few = { ...data, shape: [2048, 32, 32, 3] };

  test('both sides train what the preset says, with TF32, on the same images', async () => {
    const options = parseOptions(['epoch', '--device', 'cuda', '--preset', 'pcl-cifar10']);
    const cases = await deviceEpochCases(data, options);
    expect(cases.map(({ name, unit, items }) => [name, unit, items])).toEqual([
      ['pcl-cifar10/m-step/tf32/cuda', 'ms', 512],
      ['pcl-cifar10/e-step/tf32/cuda', 's', 50_000],
    ]);
    for (const { ours, peers } of cases) {
      expect(ours).toMatchObject({
        ...{ data, device: 'cuda', float32Precision: 'high', cudnnBenchmark: true },
        config: { name: 'pcl-cifar10', method: { batchNormSplits: 8 }, training: { batchSize: 512 } },
      });
      for (const { task, variant, aside } of peers) {
        const isHalved = variant.endsWith('bfloat16');
        expect(aside).toBe(isHalved);
        expect(task).toMatchObject({
          ...{ device: 'cuda', cudnnBenchmark: true, precision: isHalved ? 'bfloat16' : 'tf32' },
          settings: {
            ...{ data, depth: 18, batch: 512, batchNormSplits: 8, queue: 4096 },
            ...{ granularities: [250, 500, 1000], iterations: 20, redo: 5 },
            recipe: { randomResizedCrop: { size: 32 }, colorJitter: { probability: 0.8 } },
          },
        });
      }
    }
  });

  test('only the M-step is worth compiling', async () => {
    const options = parseOptions(['epoch', '--device', 'cuda', '--variants', 'compiled']);
    const cases = await deviceEpochCases(data, options);
    expect(cases.map(({ name }) => name)).toEqual(['pcl-demo/m-step/compiled/tf32/cuda']);
    expect(cases[0]!.peers.map(({ task }) => task['compile'])).toEqual(['default']);
  });

  test('our side trains on the images of a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
    try {
      const args = ['epoch', '--tiny', '--device-cases', '--preset', 'pcl-cifar10', '--backend', 'wasm'];
      const shape = [64, 32, 32, 3];
      const path = join(folder, 'images.bin');
      await writeFile(
        path,
        Uint8Array.from({ length: 64 * 32 * 32 * 3 }, (_, i) => (i * i) % 251),
      );
      const cases = await deviceEpochCases({ path, shape }, parseOptions(args));
      const lines: string[] = [];
      const { results, failures } = await runCases(cases, await deviceEpochSides(null), {
        ...{ samples: 1, sampleSeconds: 0.01, device: 'cpu', report: (line: string) => lines.push(line) },
      });
      expect(failures).toEqual([]);
      const rates = results.map(({ record: { itemsPerSecond, ours, unit } }) => ({
        itemsPerSecond: itemsPerSecond.ours,
        seconds: ours * (unit === 'ms' ? 1e-3 : 1),
      }));
      expect(rates).toHaveLength(2);
      expect(rates[0]!.itemsPerSecond! * rates[0]!.seconds).toBeCloseTo(32);
      expect(rates[1]!.itemsPerSecond! * rates[1]!.seconds).toBeCloseTo(64);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  test('trying it out takes a small part of the preset', async () => {
    const options = parseOptions(['epoch', '--device-cases', '--tiny', '--preset', 'pcl-cifar10']);
    const [training] = await deviceEpochCases(few, options);
    expect(training).toMatchObject({ items: 32, ours: { config: { encoder: { architecture: 'resnet8' } } } });
  });
});
