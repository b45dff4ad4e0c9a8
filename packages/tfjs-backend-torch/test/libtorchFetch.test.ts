import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { fetchArchive } from '../src/libtorch/fetchArchive.js';
import { fetchLibtorch, type Origin } from '../src/libtorch/fetchLibtorch.js';
import { unpackWheel } from '../src/libtorch/fetchWheel.js';
import { ARCHIVES, PINNED_VERSION, WHEELS } from '../src/libtorch/pinnedTorch.js';
import { fakeLibtorch, restoreVariables, temporaryFolder, write } from './fakeLibtorch.js';
import { storedZip } from './storedZip.js';

let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = temporaryFolder();
  process.env['PROTOCL_CACHE'] = join(folder, 'cache');
});
afterEach(() => {
  restoreVariables(['PROTOCL_CACHE'], before);
  rmSync(folder, { recursive: true });
});

describe('a wheel', () => {
  const files = {
    'torch/version.py': "__version__ = '2.13.0+cpu'\n",
    'torch/include/ATen/ATen.h': '#pragma once\n',
    'torch/lib/libtorch.so': 'a library',
    'torch/nn/functional.py': 'pass\n',
  };
  const recordOf = (contents: Readonly<Record<string, string>>): string =>
    Object.entries(contents)
      .map(
        ([name, text]) =>
          `${name},sha256=${createHash('sha256').update(text).digest('base64url')},${text.length}`,
      )
      .join('\n');
  const wheel = (contents: Readonly<Record<string, string>>, record: string, damage?: string): string =>
    write(join(folder, 'a.whl'), storedZip({ ...contents, 'torch-2.13.0.dist-info/RECORD': record }, damage));

  test('is unpacked to what compiling takes', async () => {
    const torch = await unpackWheel(wheel(files, recordOf(files)), join(folder, 'out'));
    expect(readFileSync(join(torch, 'lib/libtorch.so'), 'utf8')).toBe('a library');
    expect(readdirSync(torch).sort()).toEqual(['include', 'lib', 'version.py']);
  });

  test.each([
    [
      'a file with another content',
      recordOf({ ...files, 'torch/lib/libtorch.so': 'b library' }),
      /libtorch.so is not the file/,
    ],
    [
      'a file that is not listed',
      recordOf({ ...files, 'torch/lib/libtorch.so': '' }).replace(/.*libtorch.so.*\n/, ''),
      /libtorch.so is not in/,
    ],
    [
      'a listed file that is missing',
      recordOf({ ...files, 'torch/lib/libc10.so': '' }),
      /libc10.so .* is missing/,
    ],
  ])('is refused for %s', async (_, record, reason) => {
    await expect(unpackWheel(wheel(files, record), join(folder, 'out'))).rejects.toThrow(reason);
  });

  test('is refused where it is damaged or cut short', async () => {
    const damaged = wheel(files, recordOf(files), 'torch/lib/libtorch.so');
    await expect(unpackWheel(damaged, join(folder, 'out'))).rejects.toThrow(/libtorch.so is damaged/);
    const whole = readFileSync(damaged);
    const cut = write(join(folder, 'cut.whl'), whole.subarray(0, whole.length - 40));
    await expect(unpackWheel(cut, join(folder, 'out'))).rejects.toThrow();
  });

  test('cannot write outside its folder', async () => {
    const escaping = { ...files, 'torch/include/../../../escaped.h': 'x' };
    await expect(unpackWheel(wheel(escaping, recordOf(escaping)), join(folder, 'out'))).rejects.toThrow();
    expect(existsSync(join(folder, 'escaped.h'))).toBe(false);
  });
});

describe('the official archive', () => {
  const content = storedZip({
    'libtorch/build-version': '2.13.0\n',
    'libtorch/lib/a.so': 'x'.repeat(5000),
    'libtorch/bin/b': '',
  });
  const sha256 = createHash('sha256').update(content).digest('hex');
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function fetchFrom(
    answer: RequestListener,
    { patience = 20_000, ...expected }: { sha256?: string; patience?: number } = {},
  ): Promise<string> {
    server = createServer(answer);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/libtorch.zip`;
    return fetchArchive(folder, {
      archive: { url, sha256, bytes: content.length, ...expected },
      patience,
    });
  }

  test('is checked and unpacked', async () => {
    const libtorch = await fetchFrom((_, response) => response.end(content));
    expect(readFileSync(join(libtorch, 'lib/a.so'), 'utf8')).toHaveLength(5000);
    expect(existsSync(join(libtorch, 'bin'))).toBe(false);
  });

  test.each<[string, RequestListener, { sha256?: string; patience?: number }, RegExp]>([
    [
      'has another checksum',
      (_, response) => response.end(content),
      { sha256: '0'.repeat(64) },
      /SHA-256 [0-9a-f]{64} instead of 0+/,
    ],
    ['is cut short', (_, response) => response.end(content.subarray(0, 3000)), {}, /3000 bytes instead of/],
    ['is not there', (_, response) => response.writeHead(404).end(), {}, /answered 404/],
    [
      'breaks off',
      (_, response) =>
        response.writeHead(200, { 'content-length': content.length }).write('PK', () => response.destroy()),
      {},
      /cannot be fetched/,
    ],
    ['never comes', () => undefined, { patience: 300 }, /no answer for 0.3 s/],
    ['stops coming', (_, response) => response.write('PK'), { patience: 300 }, /no answer for 0.3 s/],
  ])('is refused where it %s', async (_, answer, expected, reason) => {
    await expect(fetchFrom(answer, expected)).rejects.toThrow(reason);
    expect(existsSync(join(folder, 'unpacked'))).toBe(false);
  });
});

describe('fetching', () => {
  const failing: Origin = { name: 'first', fetch: () => Promise.reject(new Error('no network')) };
  const bringing: Origin = {
    name: 'second',
    fetch: (work) => Promise.resolve(fakeLibtorch(join(work, 'unpacked'))),
  };
  const place = (): string => join(folder, 'cache/libtorch', `${PINNED_VERSION}-cpu`);

  test('goes on to the next origin, tells each, and leaves nothing but the result', async () => {
    write(`${place()}.fetching-1/half`, 'left by a process that was killed');
    const lines: string[] = [];
    const libtorch = await fetchLibtorch({ origins: [failing, bringing], log: (line) => lines.push(line) });
    expect(libtorch).toMatchObject({ root: place(), source: 'fetched', version: '2.13.0' });
    expect(lines).toEqual([
      'libtorch: fetching it, first',
      'libtorch: first: no network',
      'libtorch: fetching it, second',
      `libtorch: fetched: 2.13.0 in ${place()}`,
    ]);
    expect(readdirSync(join(folder, 'cache/libtorch'))).toEqual([`${PINNED_VERSION}-cpu`]);
  });

  test('happens once, whoever else asks meanwhile', async () => {
    let times = 0;
    const counted: Origin = { name: 'counted', fetch: (work, log) => (times++, bringing.fetch(work, log)) };
    const results = await Promise.all([1, 2, 3].map(() => fetchLibtorch({ origins: [counted] })));
    expect(times).toBe(1);
    expect(new Set(results.map(({ root }) => root))).toEqual(new Set([place()]));
  });

  test('replaces a broken one, and takes none that is broken', async () => {
    write(join(place(), 'lib/libtorch.so'), 'half');
    const broken: Origin = {
      name: 'broken',
      fetch: async (work) => {
        write(join(work, 'unpacked/include/ATen/ATen.h'), '');
        return join(work, 'unpacked');
      },
    };
    expect((await fetchLibtorch({ origins: [broken, bringing] })).root).toBe(place());
  });

  test('into a cache that cannot be written says so', async () => {
    process.env['PROTOCL_CACHE'] = write(join(folder, 'a file'), '');
    await expect(fetchLibtorch({ origins: [bringing] })).rejects.toMatchObject({
      code: 'CACHE_UNWRITABLE',
      message: expect.stringContaining('Set PROTOCL_CACHE to another folder'),
    });
  });

  test('fails with the reason of every origin and what to do', async () => {
    const silent: Origin = { name: 'second', fetch: () => Promise.reject(new Error('there is no pip')) };
    const error: unknown = await fetchLibtorch({ origins: [failing, silent] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'FETCH_FAILED' });
    const { message } = error as Error;
    expect(message).toContain('first: no network; second: there is no pip');
    expect(message).toContain('pip install torch');
    expect(readdirSync(join(folder, 'cache/libtorch'))).toEqual([]);
  });
});

test('what is pinned is of the pinned version, with well-formed checksums', () => {
  for (const { url, sha256 } of Object.values(ARCHIVES)) {
    expect(url).toContain(PINNED_VERSION);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
  for (const [name, sha256] of Object.entries(WHEELS)) {
    expect(name).toContain(`torch-${PINNED_VERSION}`);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(new Set(Object.values(WHEELS)).size).toBe(Object.keys(WHEELS).length);
});
