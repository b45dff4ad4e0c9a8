import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { writeArchive } from '../pack/archive.js';

const execute = promisify(execFile);
const script = join(import.meta.dirname, '../travel/unpack.py');
const run = join(import.meta.dirname, '../travel/run');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const home = () => join(folder, 'unpacked');
const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A part with one archive, which becomes `app`, and one file. */
async function makePart(name: string, { app, file }: { app?: string; file?: string }): Promise<string> {
  const part = join(folder, name);
  mkdirSync(part, { recursive: true });
  const archives = [];
  if (app !== undefined) {
    write(join(folder, 'source/inner/text'), app);
    await writeArchive(join(folder, 'source'), join(part, 'app.tar.gz'));
    archives.push({ file: 'app.tar.gz', folder: 'app', sha256: digest(join(part, 'app.tar.gz')) });
  }
  const files = [];
  if (file !== undefined) {
    const path = write(join(part, 'images/one'), file);
    files.push({ path: 'images/one', sha256: digest(path) });
  }
  write(join(part, 'part.json'), JSON.stringify({ archives, files }));
  return part;
}

const unpack = (part: string) => execute('python3', [script, part, home()]);
const text = (path: string) => readFileSync(join(home(), path), 'utf8');

test('a part is unpacked once, and what is there stays', async () => {
  const part = await makePart('part-1', { app: 'program', file: 'pixels' });
  await unpack(part);
  expect([text('app/inner/text'), text('images/one')]).toEqual(['program', 'pixels']);
  const before = statSync(join(home(), 'app/inner/text')).ino;
  write(join(home(), 'app/left-by-a-call'), 'kept');
  const { stdout } = await unpack(part);
  expect(stdout).toBe('');
  expect(statSync(join(home(), 'app/inner/text')).ino).toBe(before);
  expect(text('app/left-by-a-call')).toBe('kept');
});

test('a part that has changed replaces what it had unpacked, and nothing else', async () => {
  await unpack(await makePart('part-1', { app: 'program', file: 'pixels' }));
  write(join(home(), 'results/figures'), 'kept');
  await unpack(await makePart('part-app', { app: 'mended' }));
  await unpack(await makePart('part-2', { file: 'Pixels' }));
  expect([text('app/inner/text'), text('images/one'), text('results/figures')]).toEqual([
    'mended',
    'Pixels',
    'kept',
  ]);
});

test('a part that was damaged on its way is named, and nothing of it counts as unpacked', async () => {
  const part = await makePart('part-1', { app: 'program' });
  const archive = join(part, 'app.tar.gz');
  writeFileSync(archive, readFileSync(archive).fill(0, 30, 40));
  await expect(unpack(part)).rejects.toMatchObject({
    stderr: expect.stringMatching(/app\.tar\.gz was damaged on its way/),
  });
  expect(existsSync(join(home(), 'app'))).toBe(false);
});

test('a later part alone says that the first is missing', async () => {
  const part = await makePart('part-2', { file: 'pixels' });
  await expect(unpack(part)).rejects.toMatchObject({ stderr: expect.stringContaining('part-1') });
});

test('without a Python, run says how to name one', async () => {
  await expect(
    execute(run, [], { env: { PATH: process.env['PATH'], PYTHON: 'no-such-python' } }),
  ).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('PYTHON') });
});

test('the archive of the same files is the same', async () => {
  write(join(folder, 'source/b'), 'b');
  write(join(folder, 'source/a/c'), 'c');
  await writeArchive(join(folder, 'source'), join(folder, 'first'));
  write(join(folder, 'source/b'), 'b');
  await writeArchive(join(folder, 'source'), join(folder, 'second'));
  expect(digest(join(folder, 'first'))).toBe(digest(join(folder, 'second')));
});
