import { spawn } from 'node:child_process';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { openImageFolder, type FolderLoaderOptions } from '@protocl/datasets';

import { createThreadedLoader } from '../src/loader/createFolderLoader.js';
import type { ThreadedFolderLoader } from '../src/loader/threadedFolderLoader.js';
import { writePictures } from './imageFiles.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const loaders: ThreadedFolderLoader[] = [];
afterEach(async () => {
  await Promise.all(loaders.splice(0).map((loader) => loader.close()));
});

async function open(options: Partial<FolderLoaderOptions> = {}): Promise<ThreadedFolderLoader> {
  const images = await openImageFolder(folder.path);
  const loader = createThreadedLoader(images, { batchSize: 2, recipe, seed: 7, workers: 2, ...options });
  loaders.push(loader);
  return loader;
}

/** Takes the batches of an epoch; `then` runs after the first. Returns how many came. */
async function epochWith(loader: ThreadedFolderLoader, then: () => unknown): Promise<number> {
  let taken = 0;
  for await (const { indices } of loader.epoch(0)) {
    expect(indices).toHaveLength(2);
    if (++taken === 1) await then();
  }
  return taken;
}

describe('in the middle of an epoch', () => {
  test('a worker that ends makes the epoch fail, and the next one works', async () => {
    await writePictures(folder, 40);
    const loader = await open();
    const ended = epochWith(loader, () =>
      Promise.all(loader.pool.threads.map((thread) => thread.terminate())),
    );
    await expect(ended).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      given: expect.stringContaining('exited') as unknown,
    });
    expect(await epochWith(loader, () => undefined)).toBe(20);
  });

  test('the folder that is deleted, or moved away, is missed', async () => {
    for (const remove of [
      () => rm(folder.path, { recursive: true }),
      () => rename(folder.path, `${folder.path}-moved`),
    ]) {
      await writePictures(folder, 40);
      const loader = await open();
      await expect(epochWith(loader, remove)).rejects.toMatchObject({
        code: 'FOLDER_CHANGED',
        given: expect.stringContaining(folder.path) as unknown,
      });
    }
    await rm(`${folder.path}-moved`, { recursive: true });
  });

  test('a file that is deleted is missed', async () => {
    const names = await writePictures(folder, 40);
    const loader = await open({ shuffle: false });
    const last = join(folder.path, names[39]!);
    await expect(epochWith(loader, () => rm(last))).rejects.toMatchObject({
      code: 'FOLDER_CHANGED',
      given: last,
      message: expect.stringContaining('an image is gone') as unknown,
    });
  });

  test('a file that can no longer be read is left out', async () => {
    const names = await writePictures(folder, 40);
    const loader = await open();
    const [folderName, linkName] = [names[0]!, names[1]!];
    await rm(join(folder.path, folderName));
    await mkdir(join(folder.path, folderName));
    await rm(join(folder.path, linkName));
    await symlink('001.png', join(folder.path, linkName));
    expect(await epochWith(loader, () => undefined)).toBe(20);
    const reasons = Object.fromEntries(loader.skipped.map(({ path, reason }) => [path, reason]));
    expect(reasons).toEqual({
      [folderName]: 'the file could not be read (EISDIR)',
      [linkName]: 'the file could not be read (ELOOP)',
    });
  });

  test('the signal ends it with its reason, and the threads with it', async () => {
    await writePictures(folder, 40);
    const controller = new AbortController();
    const loader = await open({ signal: controller.signal });
    const { pool } = loader;
    const reason = new Error('stopped by the test');
    await expect(epochWith(loader, () => controller.abort(reason))).rejects.toBe(reason);
    await loader.close();
    expect(pool.threads).toHaveLength(0);
    await expect(epochWith(loader, () => undefined)).rejects.toBe(reason);
  });

  test('the signal ends it while a batch is awaited', async () => {
    await writePictures(folder, 40);
    const controller = new AbortController();
    const loader = await open({ signal: controller.signal, batchSize: 40 });
    const first = loader.epoch(0).next();
    controller.abort(new Error('stopped by the test'));
    await expect(first).rejects.toThrow('stopped by the test');
  });

  test('close() ends it, whether a batch is awaited or used', async () => {
    await writePictures(folder, 40);
    const used = await open();
    await expect(epochWith(used, () => used.close())).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
    const awaited = await open({ batchSize: 40 });
    const first = expect(awaited.epoch(0).next()).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
    await awaited.close();
    await first;
    await expect(awaited.plain().next()).rejects.toMatchObject({ code: 'LOADER_CLOSED' });
  });
});

test('a signal that has fired already starts no thread', async () => {
  await writePictures(folder, 4);
  const loader = await open({ signal: AbortSignal.abort(new Error('stopped before')) });
  await expect(loader.epoch(0).next()).rejects.toThrow('stopped before');
});

describe('the process ends by itself', () => {
  const endings = [
    ['after an epoch, without close()', 'for await (const batch of loader.epoch(0)) batch;'],
    ['in the middle of an epoch that nobody goes on with', 'await loader.epoch(0).next();'],
    ['after close()', 'await loader.epoch(0).next(); await loader.close();'],
  ];
  test.each(endings)('%s', async (_name, code) => {
    await writePictures(folder, 40);
    const script = `
      import { createFolderLoader, openImageFolder } from '@protocl/datasets';
      const folder = await openImageFolder(${JSON.stringify(folder.path)});
      const recipe = ${JSON.stringify(recipe)};
      const loader = createFolderLoader(folder, { batchSize: 4, recipe, seed: 1, workers: 2 });
      ${code}
      console.log('last line');
    `;
    const flags = ['--conditions=@protocl/source', '--import=tsx', '--input-type=module', '--eval', script];
    const child = spawn(process.execPath, flags, { cwd: join(import.meta.dirname, '..') });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const [output, errors, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    expect({ output, errors, exitCode }).toEqual({ output: 'last line\n', errors: '', exitCode: 0 });
  });
});
