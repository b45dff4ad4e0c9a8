import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { benchError } from '../harness/benchError.js';
import { endWithParent } from '../harness/children.js';
import type { BenchOptions } from '../options.js';
import type { Course } from './course.js';

/** Long enough that a leak of an epoch shows, few enough images that it ends within minutes. */
const EPOCHS = 30;
/** 50 steps of an epoch, and 10 images for each of the preset's finest clusters. */
const IMAGES = 6400;
const TINY_IMAGES = 2560;
const TEST_IMAGES = 1000;

const TRAIN = join(import.meta.dirname, '../../demo/main.ts');

/** An epoch in the log of a run. */
interface EpochEntry {
  readonly type: 'epoch';
  readonly residentBytes: number;
  readonly tensors: number;
}

/** Trains the demo's preset for 30 epochs on some of its images, as a user would, and reads the run's log. */
export async function trainRun(
  { device, backend, threads, tiny }: BenchOptions,
  report: (line: string) => void,
): Promise<Course> {
  const parent = await mkdtemp(join(tmpdir(), 'protocl-soak-'));
  try {
    const folder = join(parent, 'run');
    const settings = {
      'data.limit': tiny ? TINY_IMAGES : IMAGES,
      'data.testLimit': TEST_IMAGES,
      'training.epochs': EPOCHS,
      // The first E-step falls into the first tenth, which is for warming up.
      'method.warmupEpochs': 2,
      'engine.backend': backend,
      'engine.device': device,
      'engine.threads': Math.max(...threads),
      ...(tiny && { 'method.granularities': '[8,16]', 'encoder.width': 4 }),
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    // The flags that let this process run TypeScript let its child.
    const child = spawn(process.execPath, [...process.execArgv, TRAIN, '--out', folder, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    endWithParent(child);
    const exit = once(child, 'exit');
    let last = '';
    for await (const line of createInterface({ input: child.stderr })) {
      last = line;
      if (/^epoch \d+ done/.test(line)) report(line);
    }
    const [code] = (await exit) as [number | null];
    if (code !== 0) {
      throw benchError('BENCH_MEASUREMENT_MISSING', {
        message: `the run came to no end: ${last}`,
        given: `exit code ${code}`,
        expected: `${EPOCHS} epochs`,
      });
    }
    const epochs = await epochsIn(join(folder, 'log.jsonl'));
    return {
      resident: epochs.map(({ residentBytes }) => residentBytes),
      tensors: epochs.map(({ tensors }) => tensors),
      versions: {},
    };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function epochsIn(log: string): Promise<EpochEntry[]> {
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as EpochEntry).filter(({ type }) => type === 'epoch');
}
