import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256, sha256File, writeFileAtomic, writeStreamAtomic } from '@protocl/core';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-core-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const ABC_SHA256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('writeFileAtomic', () => {
  test('creates folders, writes the content and reports its published SHA-256', async () => {
    const path = join(folder, 'a', 'b', 'file.txt');
    expect(await writeFileAtomic(path, 'abc')).toEqual({ path, bytes: 3, sha256: ABC_SHA256 });
    expect(await readFile(path, 'utf8')).toBe('abc');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file.txt']);
    expect(sha256('abc')).toBe(ABC_SHA256);
    expect(await sha256File(path)).toBe(ABC_SHA256);
  });

  test('replaces a file', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'a longer content');
    await writeFileAtomic(path, Uint8Array.of(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
  });

  test('refuses a target that is a folder and leaves nothing behind', async () => {
    await mkdir(join(folder, 'taken', 'inside'), { recursive: true });
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      given: join(folder, 'taken'),
    });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  test('refuses a target inside of what is a file', async () => {
    await writeFile(join(folder, 'file'), 'kept');
    await expect(writeFileAtomic(join(folder, 'file', 'below', 'target'), 'new')).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      given: join(folder, 'file', 'below', 'target'),
    });
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('kept');
  });

  test('removes what a killed process left long ago, and only that', async () => {
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    const abandoned = '.file.123-0123456789ab.tmp';
    const recent = '.file.124-0123456789ab.tmp';
    const foreign = '.file.notes.tmp';
    for (const name of [abandoned, recent, foreign]) await writeFile(join(folder, name), 'x');
    for (const name of [abandoned, foreign]) await utimes(join(folder, name), longAgo, longAgo);
    await writeFileAtomic(join(folder, 'file'), 'new');
    expect((await readdir(folder)).sort()).toEqual([recent, foreign, 'file'].sort());
  });

  test('many writers at once leave one whole content', async () => {
    const path = join(folder, 'file');
    const contents = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(50_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('writeStreamAtomic', () => {
  test('writes a Node stream and hashes it', async () => {
    const chunks = Array.from({ length: 100 }, (_, i) => Buffer.alloc(1000 + i, i));
    const whole = Buffer.concat(chunks);
    const path = join(folder, 'file');
    const written = await writeStreamAtomic(path, Readable.from(chunks));
    expect(written.bytes).toBe(whole.byteLength);
    expect(written.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
    expect((await readFile(path)).equals(whole)).toBe(true);
  });

  test('keeps the old content when the source fails', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'old');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new');
      throw new Error('connection lost');
    }
    await expect(writeStreamAtomic(path, failing())).rejects.toThrow('connection lost');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('refuses content with another checksum', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'old');
    const refused = writeStreamAtomic(path, [Buffer.from('abd')], { expectedSha256: ABC_SHA256 });
    await expect(refused).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
    await writeStreamAtomic(path, [Buffer.from('abc')], { expectedSha256: ABC_SHA256 });
    expect(await readFile(path, 'utf8')).toBe('abc');
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; ; i++) {
        if (i === 5) controller.abort(new Error('enough'));
        yield Buffer.alloc(10);
      }
    }
    const writing = writeStreamAtomic(join(folder, 'file'), endless(), {
      signal: controller.signal,
    });
    await expect(writing).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  test('a process that is killed in the middle leaves the old content', async () => {
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'old');
    const script = `
      import { writeStreamAtomic } from '@protocl/core';
      async function* slow() {
        for (;;) {
          yield Buffer.alloc(1000);
          process.stdout.write('.');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
      await writeStreamAtomic(process.argv[1], slow());
    `;
    const child = spawn(
      process.execPath,
      ['--conditions=@protocl/source', '--import=tsx', '--input-type=module', '--eval', script, path],
      { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).length).toBe(2);
  });
});
