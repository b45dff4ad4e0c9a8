import { join } from 'node:path';

import type { GridInput } from '@protocl/pipeline';

import { runCommandLine } from '../../src/cli/runCommandLine.js';
import { writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tiny } from '../tinyConfig.js';

const main = new URL('../../src/cli/protocl.ts', import.meta.url).pathname;

/** The command line as a program with its first arguments. */
export const program = [
  process.execPath,
  '--conditions=@protocl/source',
  '--import',
  import.meta.resolve('tsx'),
  main,
];

/** Two arms and two seeds, runs of seconds; writes their images into a folder. */
export async function tinyGrid(parent: string): Promise<GridInput> {
  await writeImageFolder(join(parent, 'train'), syntheticImages(48, 1));
  await writeImageFolder(join(parent, 'test'), syntheticImages(24, 2));
  const { method, seed, name, ...settings } = tiny;
  return {
    name: `${name}-grid`,
    base: {
      ...settings,
      data: { kind: 'folder', train: join(parent, 'train'), test: join(parent, 'test') },
      method,
      training: { epochs: 2, batchSize: 16 },
      checkpoints: { everySteps: 1 },
      evaluation: { batchSize: 40, knn: { k: 5 }, linear: { when: 'never' } },
    },
    arms: {
      pcl: { method: { warmupEpochs: 1 } },
      simclr: { method: { kind: 'simclr' } },
    },
    seeds: [seed, seed + 1],
    evaluators: ['knn', 'linear', 'clusters'],
    parallel: 2,
  };
}

/** Runs the command line in this process, and its children as processes. */
export async function protocl(...args: string[]) {
  const lines: string[] = [];
  const { output, text } = recorder(false);
  const code = await runCommandLine(args, { print: (line) => lines.push(line), output, program });
  return { code, stdout: lines.join('\n'), stderr: text() };
}
