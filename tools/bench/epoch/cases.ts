import type { Config } from '@protocl/pipeline';

import { acrossCores, withBestCore } from '../harness/blasCores.js';
import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

/** The images that both sides train on, as a raw file of uint8. */
export interface ImageFile {
  readonly path: string;
  /** [n, H, W, 3] */
  readonly shape: readonly number[];
}

/** Training steps of a timed sample: the peer's loader may have a few batches ready when it begins. */
const STEPS = 40;
/** Training steps after which the peak of memory is read. */
const MEMORY_STEPS = 30;
/** At least 1.3 times the images a second. */
const M_STEP_LIMIT = 1 / 1.3;
const E_STEP_LIMIT = 0.7;

/**
 * What a preset's epochs consist of, on both sides.
 *
 * @param cores kernels of OpenBLAS that faiss does not find by itself, the best first
 */
export function epochCases(
  preset: string,
  config: Config,
  recipe: object,
  data: ImageFile,
  { device, backend, threads, tiny }: BenchOptions,
  cores: readonly string[] = [],
): Case[] {
  const most = Math.max(...threads);
  const settings = { ...peerSettings(config, recipe), data };
  const limits = !tiny && device === 'cpu';
  const benchCase = (
    name: string,
    peers: readonly PeerVariant[],
  ): Pick<Case, 'threads' | 'ours' | 'peers'> => ({
    threads: most,
    ours: { case: name, preset, device, backend, ...(tiny && { limit: data.shape[0] }) },
    peers: peers.map((way) => ({ ...way, task: { case: name, settings, ...way.task } })),
  });
  // The loader's workers want the cores too, so fewer threads of PyTorch may be faster.
  const counts = [...new Set([most, 1])];
  const batched = { variant: 'views by batches', task: { views: 'batches' } };
  const loaded = { variant: 'views of 2 workers', task: { views: 'workers' } };
  const compiled: PeerVariant = {
    variant: `${batched.variant}, compiled`,
    task: { ...batched.task, compile: 'default' },
    mayFail: true,
    compiles: true,
  };
  const withThreads = counts.flatMap((count) =>
    [batched, loaded].map(({ variant, task }) => ({
      variant: `${variant}, ${count} ${count === 1 ? 'thread' : 'threads'}`,
      task: { ...task, threads: count },
    })),
  );
  // Threads that wait spin by default, which takes the cores from the workers.
  const asleep: PeerVariant = {
    variant: `${loaded.variant}, threads that sleep`,
    task: loaded.task,
    environment: { OMP_WAIT_POLICY: 'PASSIVE' },
  };
  return [
    {
      // The M-step has nothing of faiss, but begins with an E-step.
      ...benchCase('m-step', withBestCore([...withThreads, asleep, compiled], cores)),
      name: `${preset}/m-step`,
      measure: 'time',
      unit: 'ms',
      iterations: tiny ? 2 : STEPS,
      ...(limits && { limit: M_STEP_LIMIT }),
    },
    {
      ...benchCase('e-step', [
        ...acrossCores([batched], cores),
        ...withBestCore([loaded, asleep, compiled], cores),
      ]),
      name: `${preset}/e-step`,
      measure: 'time',
      unit: 's',
      iterations: 1,
      ...(limits && { limit: E_STEP_LIMIT }),
    },
    {
      ...benchCase('m-step', withBestCore([batched, loaded], cores)),
      name: `${preset}/peak-memory`,
      measure: 'peak-memory',
      unit: 'MiB',
      iterations: tiny ? 2 : MEMORY_STEPS,
    },
  ];
}

/** What the peer needs to know of a preset. */
export function peerSettings(config: Config, recipe: object): Record<string, unknown> {
  const { encoder, method, optimizer, schedule, training } = config;
  if (method.kind !== 'pcl') throw new TypeError(`the peer has PCL alone, not ${method.kind}`);
  return {
    recipe,
    depth: Number(encoder.architecture.replace('resnet', '')),
    width: encoder.width,
    head: encoder.head.kind,
    dimension: encoder.head.dimension,
    batch: training.batchSize,
    queue: method.queue,
    temperature: method.temperature,
    momentum: method.momentum,
    granularities: method.granularities,
    iterations: method.expectation.iterations,
    redo: method.expectation.redo,
    learningRate: schedule.learningRate,
    sgdMomentum: optimizer.kind === 'sgd' ? optimizer.momentum : 0.9,
    weightDecay: optimizer.weightDecay,
  };
}
