import { benchError } from '../harness/benchError.js';
import type { Benchmark, BenchContext } from '../harness/benchmark.js';
import { unitSize } from '../harness/comparison.js';
import { describeEnvironment } from '../harness/environment.js';
import { summarize } from '../harness/record.js';
import type { Course } from './course.js';
import { judgeMemory } from './judgeMemory.js';
import { trainRun } from './trainRun.js';
import { trainSteps } from './trainSteps.js';

/** The whole of a training run instead of the steps of a network. */
const RUN = 'pcl-demo';

const networks: Readonly<Record<string, { depth: number; width: number }>> = {
  resnet8: { depth: 8, width: 16 },
  resnet18: { depth: 18, width: 64 },
};

/** Whether memory stays where it is over many training steps, or over the epochs of a run. */
export const soak: Benchmark = {
  name: 'soak',
  async run({ options, report }) {
    const threads = Math.max(...options.threads);
    const { resident, tensors, versions } = await courseOf(options, report);
    const { early, late, ratio, failures } = judgeMemory(resident, tensors);
    const environment = describeEnvironment(threads, options.device, versions);
    const results = Object.entries({ 'second-tenth': early, 'last-tenth': late }).map(([part, bytes]) => {
      const benchCase = { name: `soak/${options.network}/resident/${part}`, unit: 'MiB' as const };
      const ours = { label: 'ours', values: bytes.map((count) => count / unitSize.MiB) };
      return summarize(benchCase, { ours, peers: [], versions }, environment);
    });
    report(`last tenth / second tenth: ${ratio.toFixed(4)}; ${tensors.at(-1)} tensors at the end`);
    return { results, failures };
  },
};

function courseOf(options: BenchContext['options'], report: BenchContext['report']): Promise<Course> {
  const { network, tiny } = options;
  if (network === RUN) return trainRun(options, report);
  const size = Object.hasOwn(networks, network) ? networks[network] : undefined;
  if (size === undefined) {
    throw benchError('BENCH_USAGE', {
      message: 'there is no such network to train',
      given: network,
      expected: [...Object.keys(networks), RUN].join(' or '),
    });
  }
  const task = tiny ? { depth: 8, width: 8, batch: 4, imageSize: 16 } : { ...size, batch: 64, imageSize: 32 };
  return trainSteps(task, options, report);
}
