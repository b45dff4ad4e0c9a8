import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { RunSummary } from '@protocl/pipeline';

import { program, protocl, tinyGrid } from './tinyGrid.js';

jest.setTimeout(300_000);

let parent: string;
let args: string[];
let run: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-compare-signals-'));
  const grid = await tinyGrid(parent);
  const longer = {
    ...grid,
    base: { ...grid.base, training: { epochs: 30, batchSize: 16 } },
    arms: { simclr: { method: { kind: 'simclr' } }, pcl: {} },
    seeds: [3],
    evaluators: ['knn'],
    parallel: 1,
  };
  await writeFile(join(parent, 'grid.json'), JSON.stringify(longer));
  args = ['compare', join(parent, 'grid.json'), '--out', join(parent, 'a folder'), '--no-encoder'];
  run = join(parent, 'a folder/simclr/seed-3');
});
afterAll(() => rm(parent, { recursive: true }));

/** Starts the comparison as a process, and ends it by a signal when its first run has trained an epoch. */
async function stopped(by: NodeJS.Signals) {
  const before = await epochsTrained();
  const child = spawn(program[0]!, [...program.slice(1), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  while ((await epochsTrained()) <= before && child.exitCode === null) await setTimeout(20);
  child.kill(by);
  const [code, signal] = await ended;
  return { code, signal, stderr };
}

async function output(): Promise<string> {
  return readFile(join(run, 'output.txt'), 'utf8').catch(() => '');
}

async function epochsTrained(): Promise<number> {
  return (await output()).match(/^epoch \d+ done/gm)?.length ?? 0;
}

async function isAlive(pid: number): Promise<boolean> {
  await setTimeout(20);
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a comparison that is killed or interrupted takes its runs along, and goes on with them', async () => {
  expect(await stopped('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
  const log = await readFile(join(run, 'log.jsonl'), 'utf8');
  const { pid } = JSON.parse(log.split('\n')[0]!) as { pid: number };
  while (await isAlive(pid));
  expect(await output()).not.toContain('epoch 30 done');

  const { code, stderr } = await stopped('SIGINT');
  expect(code).toBe(130);
  expect(stderr).toMatch(/^simclr\/seed-3 goes on$/m);
  expect(stderr).toMatch(/^simclr\/seed-3 is stopped after \d+ s, to go on later$/m);
  // The other arm is not begun.
  expect(stderr).not.toContain('pcl/seed-3');
  expect(stderr).toMatch(/^the comparison was interrupted; 0 of 2 runs are done/m);
  const quoted = args.map((argument) => (argument.includes(' ') ? `'${argument}'` : argument));
  // Called as it works here: with npx where it is not on the path.
  expect(stderr.replace('by: npx ', 'by: ')).toContain(`go on with it by: protocl ${quoted.join(' ')}\n`);
  const summary = async () => JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as RunSummary;
  expect(await summary()).toMatchObject({ status: 'stopped' });

  expect(await protocl(...args, '--only', 'simclr')).toMatchObject({ code: 0 });
  expect(await summary()).toMatchObject({ status: 'completed', epochs: 30 });
  expect((await output()).match(/^goes on from epoch/gm)).toHaveLength(2);
});
