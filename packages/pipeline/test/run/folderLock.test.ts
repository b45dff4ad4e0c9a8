import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { withFolderLocked } from '../../src/run/folderLock.js';

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

const leave = (pid: number, host = hostname()) =>
  writeFile(join(folder, '.lock'), JSON.stringify({ pid, host, id: 'left' }));

test('the lock of a process that was killed does not count, one of a living process does', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(other, 'spawn');
  await leave(other.pid!);
  await expect(attempt()).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
  other.kill('SIGKILL');
  await once(other, 'exit');
  await expect(attempt()).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test('nor does one of an earlier process with the number of this one, for however many come at once', async () => {
  await leave(process.pid);
  let inside = 0;
  const attempts = Array.from({ length: 8 }, () =>
    withFolderLocked(folder, 'run', async () => {
      inside += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(inside).toBe(1);
      inside -= 1;
    }),
  );
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'FOLDER_IN_USE' });
  }
  expect(await readdir(folder)).toEqual([]);
});

test('what cannot be told counts: a process of another machine, a lock that is just being written', async () => {
  await leave(1, 'elsewhere');
  await expect(attempt()).rejects.toMatchObject({
    code: 'FOLDER_IN_USE',
    remedy: expect.stringContaining(`remove ${join(folder, '.lock')}`),
  });
  await writeFile(join(folder, '.lock'), '');
  await expect(attempt()).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
});
