import { parseRecipe } from '@protocl/augment';
import { loadConfig, recipeOf, type Config } from '@protocl/pipeline';

import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';
import { peerSettings, type ImageFile } from './cases.js';

/** So little of a preset that a processor gets through its steps in seconds. */
const tinyChanges = {
  encoder: { architecture: 'resnet8', width: 8 },
  method: {
    queue: 128,
    granularities: [10, 20],
    batchNormSplits: 2,
    expectation: { iterations: 3, redo: 2 },
  },
  training: { batchSize: 32 },
} as const;

/** What the cases depend on. */
export type DeviceEpochOptions = Pick<
  BenchOptions,
  'device' | 'backend' | 'threads' | 'tiny' | 'variants' | 'preset'
>;

/**
 * A preset's M-step and E-step on a graphics processor, with TF32. PyTorch has all images on the device and makes the
 * views there; its k-means is plain PyTorch, with as many steps and runs.
 *
 * @throws {ProtoclError} if there is no such preset
 */
export async function deviceEpochCases(data: ImageFile, options: DeviceEpochOptions): Promise<Case[]> {
  const { device, backend, threads, tiny, preset, variants } = options;
  const changes = tiny ? [{ origin: 'benchmark', values: tinyChanges }] : [];
  const { config } = await loadConfig({ preset, flags: changes });
  const recipe = parseRecipe(recipeOf(config.augmentation));
  const settings = { ...peerSettings(config, recipe), batchNormSplits: splitsOf(config), data };
  const shared = { device, cudnnBenchmark: true };
  const common = {
    measure: 'time' as const,
    threads: Math.max(...threads),
  };
  const ours = (which: string) => ({
    ...shared,
    case: which,
    config,
    data,
    backend,
    float32Precision: 'high',
  });
  const peer = (which: string, variant: string, way: object, aside = false): PeerVariant => ({
    variant,
    aside,
    mayFail: true,
    task: { ...shared, case: which, settings, precision: 'tf32', ...way },
  });

  const halved = { precision: 'bfloat16' };
  const split = { norm: 'split' };
  const parts = { norm: 'parts' };
  const eager = [
    peer('m-step', 'split batch norm', split),
    ...(splitsOf(config) > 1 ? [peer('m-step', 'parts of the batch', parts)] : []),
    peer('m-step', 'split batch norm, bfloat16', { ...split, ...halved }, true),
  ];
  const compiled = [peer('m-step', 'split batch norm, compiled', { ...split, compile: 'default' })];
  const training: Case = {
    ...common,
    name: `${preset}/m-step${variants === 'compiled' ? '/compiled' : ''}/tf32/${device}`,
    unit: 'ms',
    items: config.training.batchSize,
    ours: ours('m-step'),
    peers: { eager, compiled, all: [...eager, ...compiled] }[variants],
  };
  const expectation: Case = {
    ...common,
    name: `${preset}/e-step/tf32/${device}`,
    unit: 's',
    iterations: 1,
    items: data.shape[0],
    ours: ours('e-step'),
    peers: [peer('e-step', '', parts)],
  };
  return variants === 'compiled' ? [training] : [training, expectation];
}

function splitsOf({ method }: Config): number {
  return method.kind === 'pcl' ? method.batchNormSplits : 1;
}
