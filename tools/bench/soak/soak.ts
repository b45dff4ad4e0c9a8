import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import { benchError } from '../harness/benchError.js';
import type { Benchmark, BenchContext } from '../harness/benchmark.js';
import { unitSize } from '../harness/comparison.js';
import { describeEnvironment } from '../harness/environment.js';
import { summarize } from '../harness/record.js';
import { Side, type SideReply } from '../harness/side.js';
import { judgeMemory } from './judgeMemory.js';

/** Steps between two lines of progress. */
const STRETCH = 50;

const networks: Readonly<Record<string, { depth: number; width: number }>> = {
  resnet8: { depth: 8, width: 16 },
  resnet18: { depth: 18, width: 64 },
};

/** Whether memory stays where it is over many training steps. */
export const soak: Benchmark = {
  name: 'soak',
  async run({ options, report }) {
    const threads = Math.max(...options.threads);
    const { resident, tensors, versions } = await train(options, threads, report);
    const { early, late, ratio, failures } = judgeMemory(resident, tensors);
    const environment = describeEnvironment(threads, options.device, versions);
    const results = Object.entries({ 'second-tenth': early, 'last-tenth': late }).map(([part, bytes]) => {
      const benchCase = { name: `soak/${options.network}/resident/${part}`, unit: 'MiB' as const };
      const ours = { label: 'ours', values: bytes.map((count) => count / unitSize.MiB) };
      return summarize(benchCase, { ours, peers: [], versions }, environment);
    });
    report(`last tenth / second tenth: ${ratio.toFixed(4)}; ${tensors.at(-1)} tensors after the last step`);
    return { results, failures };
  },
};

interface Course {
  /** Bytes after each step. */
  readonly resident: number[];
  /** Live tensors after each step. */
  readonly tensors: number[];
  readonly versions: Readonly<Record<string, string>>;
}

async function train(
  options: BenchContext['options'],
  threads: number,
  report: BenchContext['report'],
): Promise<Course> {
  const command = await bundledSide('ours', join(import.meta.dirname, 'worker.ts'));
  const side = new Side({ ...command, arguments: ['--expose-gc', ...command.arguments] });
  try {
    const { versions } = await side.request({
      cmd: 'prepare',
      ...networkOf(options),
      threads,
      device: options.device,
      backend: options.backend,
    });
    const resident: number[] = [];
    const tensors: number[] = [];
    while (resident.length < options.steps) {
      const iterations = Math.min(STRETCH, options.steps - resident.length);
      const reply = await side.request({ cmd: 'run', iterations });
      resident.push(...figuresIn(reply, 'resident', iterations));
      tensors.push(...figuresIn(reply, 'tensors', iterations));
      report(
        `step ${resident.length} of ${options.steps}: ${mebibytes(resident.at(-1)!)} MiB resident, ` +
          `${tensors.at(-1)} tensors`,
      );
    }
    return { resident, tensors, versions: versions as Course['versions'] };
  } finally {
    await side.stop();
  }
}

function networkOf({ network, tiny }: BenchContext['options']) {
  const size = Object.hasOwn(networks, network) ? networks[network] : undefined;
  if (size === undefined) {
    throw benchError('BENCH_USAGE', {
      message: 'there is no such network to train',
      given: network,
      expected: Object.keys(networks).join(' or '),
    });
  }
  return tiny ? { depth: 8, width: 8, batch: 4, imageSize: 16 } : { ...size, batch: 64, imageSize: 32 };
}

function figuresIn(reply: SideReply, field: string, count: number): number[] {
  const figures = reply[field];
  if (Array.isArray(figures) && figures.length === count && figures.every(Number.isFinite)) {
    return figures as number[];
  }
  throw benchError('BENCH_MEASUREMENT_MISSING', {
    message: `the reply of the training process lacks ${field}`,
    given: figures,
    expected: `${count} numbers`,
  });
}

function mebibytes(bytes: number): string {
  return (bytes / unitSize.MiB).toFixed(1);
}
