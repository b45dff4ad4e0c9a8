import { grids, presets, resolveConfig, type Config } from '@protocl/pipeline';

import type { Case } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

const GRID = 'compare-demo';
/** Enough for clusters of the grid's numbers; a step takes as long on few images as on many. */
const IMAGES = 10_000;
const TINY_IMAGES = 2048;
/** Training steps of a timed sample: the loader may have a few batches ready when it begins. */
const STEPS = 40;
const LIMIT = 1.1;

/** One step of each rival against an M-step of PCL: each as the laptop grid trains it, on CIFAR-10. */
export function methodCases({ device, backend, threads, tiny }: BenchOptions): Case[] {
  const arms = Object.keys(grids[GRID]!.arms);
  const configs = arms.map((arm) => ({ arm, config: armConfig(arm, tiny ? TINY_IMAGES : IMAGES) }));
  const pcl = configs.find(({ arm }) => arm === 'pcl')!;
  const rivals = configs.filter(({ config }) => config.method.kind !== 'pcl');
  return threads.flatMap((count) =>
    rivals.map(({ arm, config }) => ({
      name: `${arm}/threads-${count}`,
      measure: 'time' as const,
      unit: 'ms' as const,
      threads: count,
      iterations: tiny ? 2 : STEPS,
      ours: { config, device, backend },
      peers: [{ variant: '', task: { config: pcl.config, device, backend } }],
      ...(!tiny && { limit: LIMIT }),
    })),
  );
}

/** The configuration of an arm of the grid, on fewer images. */
function armConfig(arm: string, limit: number): Config {
  const { base = {}, arms } = grids[GRID]!;
  const { preset, ...shared } = base;
  const data = { kind: 'cifar10', limit, testLimit: limit };
  const layers = [presets[String(preset)]!, shared, arms[arm]!, { data }];
  return resolveConfig(layers.map((values) => ({ origin: arm, values }))).config;
}
