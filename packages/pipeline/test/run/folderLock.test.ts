import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { withFolderLocked } from '../../src/run/folderLock.js';
import { startOf } from '../../src/run/processes.js';

const lockAndWait = fileURLToPath(new URL('../children/lockAndWait.ts', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-lock-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const attempt = () => withFolderLocked(folder, 'run', () => Promise.resolve('done'));

test('nobody else gets in while the work goes on, and everybody after it', async () => {
  await withFolderLocked(folder, 'run', async () => {
    await expect(attempt()).rejects.toMatchObject({
      code: 'FOLDER_IN_USE',
      given: folder,
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} is at work on this run`),
    });
  });
  expect(await readdir(folder)).toEqual([]);
  await expect(attempt()).resolves.toBe('done');
});

test('work that fails frees the folder, and its error is passed on', async () => {
  const failing = withFolderLocked(folder, 'run', () => Promise.reject(new Error('out of memory')));
  await expect(failing).rejects.toThrow('out of memory');
  expect(await readdir(folder)).toEqual([]);
});

test('a missing folder is made', async () => {
  const missing = join(folder, 'runs/first');
  await withFolderLocked(missing, 'run', async () => expect(await readdir(missing)).toHaveLength(1));
});

test('a folder that cannot be made has a clear error', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(withFolderLocked(join(folder, 'file/run'), 'run', attempt)).rejects.toMatchObject({
    code: 'FILE_NOT_WRITABLE',
  });
});

const leave = (holder: { pid: number; host?: string; started?: string }) =>
  writeFile(join(folder, '.lock'), JSON.stringify({ host: hostname(), ...holder }));

/** A process that does nothing. */
async function idle(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('the lock of a process that was killed does not count, one of a living process does', async () => {
  const other = await idle();
  await leave({ pid: other.pid! });
  await expect(attempt()).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
  await end(other);
  await expect(attempt()).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test('nor does one of an earlier process with the number of another, or of this one', async () => {
  await leave({ pid: process.pid });
  await expect(attempt()).resolves.toBe('done');
  if (process.platform !== 'linux') return;
  const other = await idle();
  const started = (await startOf(other.pid!))!;
  await leave({ pid: other.pid!, started });
  await expect(attempt()).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
  await leave({ pid: other.pid!, started: `${started}0` });
  await expect(attempt()).resolves.toBe('done');
  await end(other);
});

test('of several processes that find a lock that was left, one gets in', async () => {
  const other = await idle();
  await end(other);
  await leave({ pid: other.pid! });
  const flags = ['--conditions=@protocl/source', '--import', 'tsx', lockAndWait, folder];
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, flags));
  const said = await Promise.all(
    children.map(async ({ stdout }) => {
      let text = '';
      for await (const chunk of stdout) text += String(chunk);
      return text.trim();
    }),
  );
  expect(said.toSorted()).toEqual(['FOLDER_IN_USE', 'FOLDER_IN_USE', 'FOLDER_IN_USE', 'alone']);
  expect(await readdir(folder)).toEqual([]);
}, 60_000);

test('what cannot be told counts: a process of another machine', async () => {
  await leave({ pid: 1, host: 'elsewhere' });
  await expect(attempt()).rejects.toMatchObject({
    code: 'FOLDER_IN_USE',
    remedy: expect.stringContaining(`remove ${join(folder, '.lock')}`),
  });
  expect(await readdir(folder)).toEqual(['.lock']);
});

test.each([
  ['is empty', ''],
  ['was cut off', '{"pid":'],
  ['is something else', '[]'],
])('a lock that %s does not count', async (_, content) => {
  await writeFile(join(folder, '.lock'), content);
  await expect(attempt()).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test('one that is just being written does', async () => {
  const other = await idle();
  await writeFile(join(folder, '.lock'), '');
  const attempted = attempt();
  setTimeout(() => void leave({ pid: other.pid! }), 200);
  await expect(attempted).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
  await end(other);
});

test('what killed processes have left beside the lock is removed, not what others need', async () => {
  const [living, dead] = [await idle(), await idle()];
  await end(dead);
  const beside = (name: string, content: string) => writeFile(join(folder, name), content);
  const said = ({ pid }: ChildProcess) => JSON.stringify({ pid, host: hostname() });
  await beside('.lock.dead', said(dead));
  await beside('.lock.living', said(living));
  await beside('.lock.new', '');
  await beside('.lock.old', '');
  const anHourAgo = Date.now() / 1000 - 3600;
  await utimes(join(folder, '.lock.old'), anHourAgo, anHourAgo);
  await beside('log.jsonl', '');
  await expect(attempt()).resolves.toBe('done');
  expect((await readdir(folder)).toSorted()).toEqual(['.lock.living', '.lock.new', 'log.jsonl']);
  await end(living);
});
