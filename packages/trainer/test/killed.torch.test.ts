import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import { loadCheckpoint, type TrainingEvent } from '@protocl/trainer';

import { temporaryFolder } from './temporaryFolder.js';

const SCRIPT = fileURLToPath(new URL('children/trainTiny.ts', import.meta.url));
const LAST = 'epoch-0004.safetensors';
const KILLS = 6;

const running = new Set<ChildProcess>();
afterAll(() => running.forEach((child) => child.kill('SIGKILL')));

function start(folder: string): { child: ChildProcess; events: TrainingEvent[]; exit: Promise<unknown[]> } {
  const execArgv = ['--conditions=@protocl/source', '--import', 'tsx'];
  const child = fork(SCRIPT, [folder], { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  running.add(child);
  const events: TrainingEvent[] = [];
  child.on('message', (event) => events.push(event as TrainingEvent));
  const exit = once(child, 'exit').finally(() => running.delete(child));
  return { child, events, exit };
}

/** Lets a child write a few checkpoints, then kills it: at a random moment, or as soon as it is seen to write. */
async function killWithin(folder: string, attempt: number): Promise<TrainingEvent[]> {
  const { child, events, exit } = start(folder);
  const random = randomStream({ seed: 5, purpose: 'kill', step: attempt });
  const checkpoints = 1 + Math.floor(3 * random.next());
  let isOver = false;
  void exit.then(() => (isOver = true));
  const written = () => events.filter(({ type }) => type === 'checkpoint').length;
  const isWriting = () => readdirSync(folder).some((name) => name.endsWith('.tmp'));
  while (!isOver && written() < checkpoints) await sleep(1);
  if (attempt % 2 === 0) await sleep(random.next() * 100);
  else while (!isOver && !isWriting()) await sleep(0);
  child.kill('SIGKILL');
  await exit;
  return events;
}

test('a run that is killed again and again ends with the very bytes of one that ran through', async () => {
  const whole = temporaryFolder();
  const uninterrupted = start(whole);
  expect(await uninterrupted.exit).toEqual([0, null]);
  expect(uninterrupted.events.filter(({ type }) => type === 'expectation').length).toBeGreaterThanOrEqual(6);

  const folder = join(temporaryFolder(), 'checkpoints');
  const positions: string[] = [];
  for (let attempt = 0; attempt < KILLS; attempt++) {
    const [begin] = await killWithin(folder, attempt);
    if (begin?.type === 'start') positions.push(`${begin.epoch}:${begin.step}`);
  }
  const last = start(folder);
  expect(await last.exit).toEqual([0, null]);
  // They went on from one another, and the last had work left.
  expect(new Set(positions).size).toBeGreaterThan(2);
  expect(last.events[0]).toMatchObject({ type: 'start', resumedFrom: expect.stringContaining('step') });
  // Every checkpoint that a name leads to is whole; what was cut off has no name.
  expect(last.events.filter(({ type }) => type === 'checkpointRejected')).toEqual([]);
  const { state } = await loadCheckpoint(join(folder, LAST));
  expect(Object.keys(state.tensors)).toEqual(
    expect.arrayContaining(['method/keyEncoder/bn1.running_var', 'method/prototypes/1/assignments']),
  );
  expect(readFileSync(join(folder, LAST)).equals(readFileSync(join(whole, LAST)))).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
