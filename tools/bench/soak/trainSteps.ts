import { join } from 'node:path';

import { benchError } from '../harness/benchError.js';
import { bundledSide } from '../harness/bundledSide.js';
import { unitSize } from '../harness/comparison.js';
import { Side, type SideReply } from '../harness/side.js';
import type { BenchOptions } from '../options.js';
import type { Course } from './course.js';

/** What is trained. */
export interface StepsTask {
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly imageSize: number;
}

/** Steps between two lines of progress. */
const STRETCH = 50;

/** Trains a network on random images for `options.steps` steps, in a process of its own. */
export async function trainSteps(
  task: StepsTask,
  { device, backend, threads, steps }: BenchOptions,
  report: (line: string) => void,
): Promise<Course> {
  const command = await bundledSide('ours', join(import.meta.dirname, 'worker.ts'));
  const side = new Side({ ...command, arguments: ['--expose-gc', ...command.arguments] });
  try {
    const most = Math.max(...threads);
    const { versions } = await side.request({ cmd: 'prepare', ...task, threads: most, device, backend });
    const resident: number[] = [];
    const tensors: number[] = [];
    while (resident.length < steps) {
      const iterations = Math.min(STRETCH, steps - resident.length);
      const reply = await side.request({ cmd: 'run', iterations });
      resident.push(...figuresIn(reply, 'resident', iterations));
      tensors.push(...figuresIn(reply, 'tensors', iterations));
      const mebibytes = (resident.at(-1)! / unitSize.MiB).toFixed(1);
      report(`step ${resident.length} of ${steps}: ${mebibytes} MiB resident, ${tensors.at(-1)} tensors`);
    }
    return { resident, tensors, versions: versions as Course['versions'] };
  } finally {
    await side.stop();
  }
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
