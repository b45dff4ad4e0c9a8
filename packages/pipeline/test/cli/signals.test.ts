import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { decodeSafetensors } from '@protocl/encoders';
import { loadCheckpoint } from '@protocl/trainer';

import { writeImageFolder } from '../imageFolder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tiny } from '../tinyConfig.js';

jest.setTimeout(300_000);

const main = new URL('../../src/cli/protocl.ts', import.meta.url).pathname;
const killable = new URL('./killableWorkers.mjs', import.meta.url).href;

let parent: string;
let config: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-signals-'));
  config = join(parent, 'tiny.json');
  // So large that the worker is never done before the training asks for more.
  await writeImageFolder(join(parent, 'train'), syntheticImages(48, 1, 300));
  const data = { kind: 'folder', train: join(parent, 'train'), workers: 1, prefetch: 1 };
  const training = { epochs: 4, batchSize: 16, readEvery: 1 };
  const checkpoints = { everySteps: 1 };
  await writeFile(config, JSON.stringify({ ...tiny, data, training, checkpoints }));
  await protocl(['train', '--config', config, '--out', join(parent, 'whole')]);
});
afterAll(() => rm(parent, { recursive: true }));

/** Runs the program; `onOutput` sees what it has written so far. */
async function protocl(
  args: string[],
  onOutput: (text: string, child: ChildProcess) => void = () => undefined,
): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  const flags = [
    '--conditions=@protocl/source',
    '--import',
    import.meta.resolve('tsx'),
    '--import',
    killable,
  ];
  const child = spawn(process.execPath, [...flags, main, ...args], { cwd: parent });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    onOutput(stderr, child);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stderr };
}

/** Does something once, when a pattern has been written. */
function onceAt(pattern: RegExp, act: (child: ChildProcess) => void) {
  let done = false;
  return (text: string, child: ChildProcess) => {
    if (done || !pattern.test(text)) return;
    done = true;
    act(child);
  };
}

async function weightsOf(run: string): Promise<unknown> {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

async function expectGoodCheckpoints(run: string): Promise<void> {
  const folder = join(parent, run, 'checkpoints');
  const names = (await readdir(folder)).filter((name) => name.startsWith('epoch-'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) await loadCheckpoint(join(folder, name));
}

async function expectResumable(run: string): Promise<void> {
  expect(await protocl(['train', '--resume', join(parent, run)])).toMatchObject({ code: 0 });
  expect(await weightsOf(run)).toEqual(await weightsOf('whole'));
}

describe('protocl train', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends in good order on %s, and tells how to go on',
    async (name) => {
      const interrupt = onceAt(/epoch 2 done/, (child) => child.kill(name));
      const { code, stderr } = await protocl(
        ['train', '--config', config, '--out', join(parent, name)],
        interrupt,
      );
      expect(code).toBe(130);
      expect(stderr).toMatch(/stopping after this step/);
      expect(stderr).toContain(`protocl train --resume ${join(parent, name)}`);
      await expectGoodCheckpoints(name);
      await expectResumable(name);
    },
  );

  test('ends at once on the second signal', async () => {
    const interrupt = onceAt(/epoch 1 done/, (child) => {
      child.kill('SIGINT');
      child.kill('SIGTERM');
    });
    const { code, stderr } = await protocl(
      ['train', '--config', config, '--out', join(parent, 'twice')],
      interrupt,
    );
    expect([130, 143]).toContain(code);
    expect(stderr).not.toContain('Go on with it by');
  });

  test('goes on exactly after it was killed', async () => {
    const kill = onceAt(/epoch 3 done/, (child) => child.kill('SIGKILL'));
    const { signal } = await protocl(['train', '--config', config, '--out', join(parent, 'killed')], kill);
    expect(signal).toBe('SIGKILL');
    await expectGoodCheckpoints('killed');
    await expectResumable('killed');
  });

  test('names a worker thread that was killed, and goes on exactly from its checkpoint', async () => {
    const kill = onceAt(/epoch 1\/4 \| step 1\//, (child) => child.kill('SIGUSR2'));
    const { code, stderr } = await protocl(
      ['train', '--config', config, '--out', join(parent, 'worker')],
      kill,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*worker/m);
    expect(stderr).toMatch(/can be resumed: (npx )?protocl train --resume .*worker/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    await expectGoodCheckpoints('worker');
    await expectResumable('worker');
  });
});
