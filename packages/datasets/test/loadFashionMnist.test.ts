import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';

import { fetchDatasetOf } from '../src/fetchDataset.js';
import { debianPackage } from '../src/fashionMnist/debianPackage.js';
import { fashionMnistOf } from '../src/fashionMnist/fashionMnist.js';
import { httpFiles } from '../src/fashionMnist/httpFiles.js';
import { FASHION_MNIST_FILES, IMAGE_BYTES, type FashionMnistFile } from '../src/fashionMnist/layout.js';
import { loadFashionMnistFrom, type FashionMnistOptions } from '../src/fashionMnist/loadFashionMnist.js';
import type { SplitsSource } from '../src/splits/split.js';
import { TestServer } from './testServer.js';

const COUNTS = { train: 6, test: 3 };
const random = randomStream({ seed: 1, purpose: 'synthetic' });
const pixels = {
  train: Uint8Array.from(random.integers(COUNTS.train * IMAGE_BYTES, 256)),
  test: Uint8Array.from(random.integers(COUNTS.test * IMAGE_BYTES, 256)),
};
const labels = { train: [9, 0, 3, 1, 4, 7], test: [2, 5, 8] };

/** Written out byte by byte, as the format's description has it. */
function idx(dimensions: number[], bytes: ArrayLike<number>): Buffer {
  const header = dimensions.flatMap((size) => [0, 0, size >> 8, size & 0xff]);
  return Buffer.from([0, 0, 8, dimensions.length, ...header, ...Array.from(bytes)]);
}

type Contents = Record<string, Buffer>;
const contents: Contents = {
  'train-images-idx3-ubyte': idx([6, 28, 28], pixels.train),
  'train-labels-idx1-ubyte': idx([6], labels.train),
  't10k-images-idx3-ubyte': idx([3, 28, 28], pixels.test),
  't10k-labels-idx1-ubyte': idx([3], labels.test),
};

/** The list of files with the digests that these contents have. */
function filesOf(given: Contents): FashionMnistFile[] {
  return FASHION_MNIST_FILES.map((file) => {
    const content = given[file.name]!;
    return {
      ...file,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    };
  });
}
const FILES = filesOf(contents);

let folder: string;
let cache: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-fashion-'));
  cache = join(folder, 'cache');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function load(sources: SplitsSource[], options: Partial<FashionMnistOptions> = {}, files = FILES) {
  const dataset = fashionMnistOf(sources, files);
  return loadFashionMnistFrom(dataset, { split: 'test', cacheDirectory: cache, ...options });
}

async function withServer<T>(
  given: Contents,
  use: (source: SplitsSource, server: TestServer) => Promise<T>,
  files = FILES,
): Promise<T> {
  const server = new TestServer(({ url = '' }, response) => {
    const content = given[url.slice(1).replace(/\.gz$/, '')];
    if (content === undefined) response.writeHead(404).end();
    else response.end(url.endsWith('.gz') ? gzipSync(content) : content);
  });
  try {
    return await use(httpFiles({ url: await server.start(), files }), server);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** Programs that stand for apt-get and dpkg-deb: the first wants lists of its own, the second copies. */
async function debianTools(given: Contents, aptGet: string) {
  const data = join(folder, 'package');
  await mkdir(data, { recursive: true });
  for (const [name, content] of Object.entries(given)) {
    await writeFile(join(data, `${name}.gz`), gzipSync(content));
  }
  const dpkgDeb = `
    if (args[0] === '--version') process.exit(0);
    if (args[0] !== '--extract' || !fs.existsSync(args[1])) throw new Error(args.join(' '));
    fs.cpSync(${JSON.stringify(data)}, args[2] + '/usr/share/datasets/fashion-mnist', { recursive: true });
  `;
  return { aptGet: await script('apt-get', aptGet), dpkgDeb: await script('dpkg-deb', dpkgDeb) };
}

async function script(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  const head = `#!${process.execPath}\nconst fs = require('node:fs'); const args = process.argv.slice(2);\n`;
  await writeFile(path, head + body);
  await chmod(path, 0o755);
  return path;
}

const APT_WITHOUT_LISTS = `
  if (args[0] === '--version') process.exit(0);
  fs.appendFileSync(${JSON.stringify('LOG')}, args.at(-1) + ' ');
  const lists = args.find((arg) => arg.startsWith('Dir::State::lists='))?.split('=')[1];
  if (args.at(-1) === 'update') fs.writeFileSync(lists + 'list', '');
  else if (lists !== undefined && fs.existsSync(lists + 'list')) fs.writeFileSync('synthetic_1_all.deb', '');
  else { console.error('E: Unable to locate package synthetic'); process.exit(100); }
`;

const unreachable = httpFiles({ url: 'http://127.0.0.1:9/', files: FILES });

describe('Fashion-MNIST', () => {
  test('from the host of the authors, as gray and as three channels', async () => {
    await withServer(contents, async (source, server) => {
      const testSet = await load([source]);
      expect(testSet.shape).toEqual([3, 28, 28, 1]);
      expect(Buffer.compare(testSet.images, pixels.test)).toBe(0);
      expect([...testSet.labels]).toEqual(labels.test);
      expect(testSet.classNames[5]).toBe('sandal');

      const train = await load([source], { split: 'train', channels: 3 });
      expect(train.shape).toEqual([6, 28, 28, 3]);
      expect([...train.labels]).toEqual(labels.train);
      expect([...train.images]).toEqual([...pixels.train].flatMap((value) => [value, value, value]));
      expect(server.requests).toBe(4);
    });
  });

  test("from Debian's package, after a host that is out of reach, with lists of our own", async () => {
    const log = join(folder, 'apt.log');
    const tools = await debianTools(contents, APT_WITHOUT_LISTS.replace('LOG', log));
    const source = debianPackage({ packageName: 'synthetic', megabytes: 1, files: FILES, tools });
    const lines: string[] = [];
    const testSet = await load([unreachable, source], { log: (line) => lines.push(line) });
    expect(Buffer.compare(testSet.images, pixels.test)).toBe(0);
    expect(lines[0]).toMatch(/not from 127\.0\.0\.1:9: .* could not be reached/);
    expect(lines[1]).toBe('downloading 1 MB through apt (synthetic)');
    expect(await readFile(log, 'utf8')).toBe('synthetic update synthetic ');
  });

  test('is not sought with apt where there is none', async () => {
    const tools = { aptGet: join(folder, 'absent'), dpkgDeb: join(folder, 'absent') };
    const source = debianPackage({ packageName: 'synthetic', megabytes: 1, files: FILES, tools });
    await expect(load([unreachable, source])).rejects.toMatchObject({
      code: 'NO_NETWORK',
      given: expect.not.stringContaining('apt could not') as unknown,
    });
  });

  test.each([
    ['E: Unable to locate package synthetic', 'DOWNLOAD_FAILED'],
    ['Err:1 http://x Temporary failure resolving\nE: Failed to fetch http://x', 'NO_NETWORK'],
    ["E: You don't have enough free space in /tmp", 'DISK_FULL'],
  ])('tells why apt failed: %j', async (stderr, code) => {
    const failing = `if (args[0] !== '--version') { console.error(${JSON.stringify(stderr)}); process.exit(100); }`;
    const tools = await debianTools(contents, failing);
    const source = debianPackage({ packageName: 'synthetic', megabytes: 1, files: FILES, tools });
    await expect(load([source])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(stderr.split('\n').at(-1)!) as unknown,
    });
  });

  test('is stopped by the caller while apt runs', async () => {
    const started = join(folder, 'started');
    const waiting = `
      if (args[0] !== '--version') {
        fs.writeFileSync(${JSON.stringify(started)}, '');
        setTimeout(() => undefined, 60_000);
      }
    `;
    const tools = await debianTools(contents, waiting);
    const source = debianPackage({ packageName: 'synthetic', megabytes: 1, files: FILES, tools });
    const controller = new AbortController();
    const loading = load([source], { signal: controller.signal });
    const poll = setInterval(() => {
      readFile(started).then(
        () => controller.abort(new Error('stopped by the test')),
        () => undefined,
      );
    }, 20);
    try {
      await expect(loading).rejects.toThrow('stopped by the test');
    } finally {
      clearInterval(poll);
    }
  });

  const wrong: [string, Contents][] = [
    ['an image too few', { ...contents, 't10k-images-idx3-ubyte': idx([2, 28, 28], new Uint8Array(1568)) }],
    ['another size', { ...contents, 't10k-images-idx3-ubyte': idx([3, 14, 56], pixels.test) }],
    ['a label that is no class', { ...contents, 't10k-labels-idx1-ubyte': idx([3], [2, 10, 8]) }],
    [
      'a missing end',
      { ...contents, 't10k-images-idx3-ubyte': contents['t10k-images-idx3-ubyte']!.subarray(0, -5) },
    ],
  ];
  test.each(wrong)('refuses %s', async (_name, given) => {
    // Whatever the files hold, their digests are right: it is the layout that is checked.
    const files = filesOf(given);
    await withServer(
      given,
      async (source) => {
        await expect(load([source], {}, files)).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
      },
      files,
    );
    await expect(readdir(cache)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuses files that differ from the pinned ones, and those that unpack to more', async () => {
    const changed = Buffer.from(contents['t10k-images-idx3-ubyte']!);
    changed[100]! ^= 1;
    await withServer({ ...contents, 't10k-images-idx3-ubyte': changed }, async (source) => {
      await expect(load([source])).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    });
    const larger = Buffer.concat([contents['t10k-images-idx3-ubyte']!, Buffer.alloc(10_000_000)]);
    await withServer({ ...contents, 't10k-images-idx3-ubyte': larger }, async (source) => {
      await expect(load([source])).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
    });
  });

  test('a damaged file in the cache is fetched again', async () => {
    await withServer(contents, async (source, server) => {
      await load([source]);
      await truncate(join(cache, 'fashion-mnist-test.bin'), 1000);
      const lines: string[] = [];
      const again = await load([source], { log: (line) => lines.push(line) });
      expect(Buffer.compare(again.images, pixels.test)).toBe(0);
      expect(lines[0]).toMatch(/fashion-mnist-test\.bin is damaged and will be replaced/);
      expect(server.requests).toBe(8);
    });
  });

  test.each([
    [{ channels: 2 as 3 }, 2],
    [{ split: 'validation' as 'test' }, 'validation'],
  ])('refuses %j', async (options, given) => {
    await expect(load([], options)).rejects.toMatchObject({ code: 'INVALID_OPTION', given });
  });
});

describe('fetching ahead', () => {
  test('downloads once, tells what it does, and repairs', async () => {
    await withServer(contents, async (source, server) => {
      const dataset = fashionMnistOf([source], FILES);
      const lines: string[] = [];
      const options = { cacheDirectory: cache, log: (line: string) => lines.push(line) };
      const files = ['train', 'test'].map((split) => join(cache, `fashion-mnist-${split}.bin`));

      expect(await fetchDatasetOf(dataset, options)).toEqual({ directory: cache, files, downloaded: true });
      expect(lines[0]).toMatch(/^downloading .* from 127\.0\.0\.1/);
      expect(lines.at(-1)).toBe(`cached in ${cache}`);

      lines.length = 0;
      expect(await fetchDatasetOf(dataset, options)).toEqual({ directory: cache, files, downloaded: false });
      expect(lines).toEqual([`Fashion-MNIST is cached in ${cache}`]);
      expect(server.requests).toBe(4);

      await rm(files[1]!);
      expect((await fetchDatasetOf(dataset, options)).downloaded).toBe(true);
      expect(server.requests).toBe(8);
    });
  });
});
