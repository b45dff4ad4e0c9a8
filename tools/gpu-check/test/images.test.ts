import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import { cacheCifar10, loadCifar10 } from '@protocl/datasets';
import sharp from 'sharp';

import { decodeCifar10, encodedCifar10, type ChunkFile } from '../images/cifarChunks.js';
import { packImages, unpackImages } from '../images/packImages.js';
import { partition } from '../images/partition.js';
import { kindOfImages, standInImages } from '../images/standIn.js';

jest.setTimeout(120_000);

const BYTES = 32 * 32 * 3;
const silent = () => undefined;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpu-check-images-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Images in which every pixel differs from its neighbours. */
function noise(count: number) {
  const random = randomStream({ seed: 5, purpose: 'noise' });
  return {
    images: Uint8Array.from(random.integers(count * BYTES, 256)),
    labels: random.integers(count, 10),
  };
}

describe('packImages', () => {
  // More than one file, and a last row that is not full.
  const given = noise(2_083);

  test('unpackImages gives the same bytes', async () => {
    const packed = await packImages(given, folder, 'some');
    expect(packed.chunks.map(({ name, images }) => [name, images])).toEqual([
      ['some-01.webp', 2_000],
      ['some-02.webp', 83],
    ]);
    const { images, labels } = await unpackImages(packed, folder);
    expect(Buffer.compare(images, given.images)).toBe(0);
    expect([...Array.from(labels)]).toEqual([...given.labels]);
  });

  test('the files are pictures of the images side by side', async () => {
    await packImages(given, folder, 'some');
    // The 42nd of the second file: the second in the second row of images.
    const place = { left: 32, top: 32, width: 32, height: 32 };
    const pixels = await sharp(join(folder, 'some-02.webp')).extract(place).raw().toBuffer();
    const index = 2_041;
    expect(pixels).toEqual(Buffer.from(given.images.subarray(index * BYTES, (index + 1) * BYTES)));
  });

  test('a file that has changed is named', async () => {
    const packed = await packImages(noise(50), folder, 'some');
    const path = join(folder, 'some-01.webp');
    const content = await readFile(path);
    content[content.length >> 1]! ^= 1;
    await writeFile(path, content);
    await expect(unpackImages(packed, folder)).rejects.toMatchObject({
      code: 'IMAGES_DAMAGED',
      given: 'some-01.webp',
    });
  });

  test('files that are not those of the index are refused', async () => {
    const packed = await packImages(noise(50), folder, 'some');
    const [chunk] = packed.chunks;
    const wrong = [
      { ...packed, sha256: '0'.repeat(64) },
      { ...packed, labels: '' },
      { ...packed, chunks: [{ ...chunk!, images: 20 }] },
    ];
    for (const index of wrong) {
      await expect(unpackImages(index, folder)).rejects.toMatchObject({ code: 'IMAGES_DAMAGED' });
    }
  });
});

describe('CIFAR-10', () => {
  /** Of its size: flat colours, which are encoded in no time. */
  const split = (count: number, seed: number) => {
    const random = randomStream({ seed, purpose: 'flat images' });
    const colours = random.integers(count, 256);
    const images = new Uint8Array(count * BYTES);
    for (let i = 0; i < count; i++) images.fill(colours[i]!, i * BYTES, (i + 1) * BYTES);
    return { images, labels: random.integers(count, 10) };
  };
  const splits = { train: split(50_000, 1), test: split(10_000, 2) };
  const cacheBefore = process.env['PROTOCL_CACHE'];
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'gpu-check-cache-'));
    process.env['PROTOCL_CACHE'] = home;
    await cacheCifar10(splits);
  });
  beforeEach(() => {
    process.env['PROTOCL_CACHE'] = home;
  });
  afterAll(async () => {
    if (cacheBefore === undefined) delete process.env['PROTOCL_CACHE'];
    else process.env['PROTOCL_CACHE'] = cacheBefore;
    await rm(home, { recursive: true });
  });

  /** As it is done on the way: by their names, into one folder. */
  async function carry(files: readonly ChunkFile[]): Promise<string> {
    const place = join(folder, 'cifar10');
    for (const { name, path } of files) await cp(path, join(place, name));
    return place;
  }

  test('arrives whole where it is loaded from', async () => {
    const files = await encodedCifar10({ log: silent });
    expect(files.map(({ name }) => name)).toEqual([
      'cifar10.json',
      ...Array.from({ length: 25 }, (_, i) => `train-${String(i + 1).padStart(2, '0')}.webp`),
      ...Array.from({ length: 5 }, (_, i) => `test-0${i + 1}.webp`),
    ]);
    for (const { path, bytes } of files) expect((await readFile(path)).length).toBe(bytes);
    const carried = await carry(files);
    process.env['PROTOCL_CACHE'] = join(folder, 'cache');
    expect(await decodeCifar10(carried, { log: silent })).toEqual({ images: 'cifar10' });
    for (const name of ['train', 'test'] as const) {
      const { images, labels } = await loadCifar10({ split: name });
      expect(Buffer.compare(images, splits[name].images)).toBe(0);
      expect(labels).toEqual(splits[name].labels);
    }
  });

  test('is encoded once, and again if a file was damaged', async () => {
    const encode = async () => {
      const lines: string[] = [];
      const files = await encodedCifar10({ log: (line) => lines.push(line), limit: 60 });
      return { files, encoded: lines.some((line) => line.startsWith('drawing')) };
    };
    const first = await encode();
    expect(first.encoded).toBe(true);
    expect(await encode()).toEqual({ files: first.files, encoded: false });
    await writeFile(first.files[1]!.path, 'other');
    expect(await encode()).toEqual(first);
    await writeFile(first.files[0]!.path, 'other');
    expect(await encode()).toEqual(first);
  });

  test('names the files that have not come', async () => {
    const files = await encodedCifar10({ log: silent, limit: 60 });
    const place = await carry(files.slice(0, 2));
    const options = { log: silent, cacheDirectory: join(folder, 'cache') };
    expect(await decodeCifar10(place, options)).toEqual({ missing: ['test-01.webp'] });
    expect(await decodeCifar10(folder, options)).toEqual({ missing: ['cifar10.json'] });
    expect(await readdir(folder)).toEqual(['cifar10']);
    await carry(files);
    await writeFile(join(place, 'cifar10.json'), '{}');
    await expect(decodeCifar10(place, options)).rejects.toMatchObject({ code: 'IMAGES_DAMAGED' });
  });

  test('of a few images is a stand-in and says so', async () => {
    const place = await carry(await encodedCifar10({ log: silent, limit: 60 }));
    const cache = join(folder, 'cache/datasets/cifar10');
    process.env['PROTOCL_CACHE'] = join(folder, 'cache');
    const lines: string[] = [];
    expect(await decodeCifar10(place, { log: (line) => lines.push(line) })).toEqual({ images: 'stand-in' });
    expect(lines.at(-1)).toMatch(/stand-in/);
    expect(await kindOfImages(cache)).toBe('stand-in');
    const { images, labels, shape } = await loadCifar10({ split: 'test' });
    expect(shape).toEqual([10_000, 32, 32, 3]);
    const drawn = standInImages('test', 60);
    for (const i of [0, 59, 60, 9_999]) {
      const bytes = (all: Uint8Array, index: number) => all.subarray(index * BYTES, (index + 1) * BYTES);
      expect(Buffer.compare(bytes(images, i), bytes(drawn.images, i % 60))).toBe(0);
      expect(labels[i]).toBe(drawn.labels[i % 60]);
    }
    // It must not become the source of what is taken for CIFAR-10.
    await expect(encodedCifar10({ log: silent })).rejects.toMatchObject({ code: 'IMAGES_STAND_IN' });

    process.env['PROTOCL_CACHE'] = home;
    const whole = await encodedCifar10({ log: silent });
    await rm(place, { recursive: true });
    await carry(whole);
    await decodeCifar10(place, { log: silent, cacheDirectory: cache });
    expect(await kindOfImages(cache)).toBe('cifar10');
  });

  test('that is not whole is not passed off as such', async () => {
    const place = await carry(await encodedCifar10({ log: silent, limit: 60 }));
    const index = JSON.parse(await readFile(join(place, 'cifar10.json'), 'utf8')) as object;
    await writeFile(join(place, 'cifar10.json'), JSON.stringify({ ...index, images: 'cifar10' }));
    await expect(
      decodeCifar10(place, { log: silent, cacheDirectory: join(folder, 'cache') }),
    ).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
  });
});

describe('partition', () => {
  const files = (...sizes: number[]) => sizes.map((bytes, i) => ({ name: `file ${i}`, bytes }));
  const sizes = (parts: { bytes: number }[][]) => parts.map((part) => part.map(({ bytes }) => bytes));

  test('fills parts in order, with small files where there is room', () => {
    expect(sizes(partition(files(6, 5, 4, 5), 10))).toEqual([
      [6, 4],
      [5, 5],
    ]);
    expect(sizes(partition(files(10, 1), 10))).toEqual([[10], [1]]);
    expect(partition([], 10)).toEqual([]);
  });

  test('refuses a file that no part can hold', () => {
    expect(() => partition(files(3, 11), 10)).toThrow(
      expect.objectContaining({ code: 'PART_TOO_SMALL', given: '11 bytes' }),
    );
  });
});
