import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { randomStream } from '@protocl/core';
import { describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';

import type { DecodeOptions } from '../src/files/decodeImage.js';
import { plainJpegSize } from '../src/files/plainJpeg.js';
import { loadTurboJpeg, type TurboJpeg } from '../src/files/turboJpeg.js';
import { recipes } from '../src/recipes.js';
import { picture } from './picture.js';
import { fixture } from './reference.js';

const isLinux = process.platform === 'linux';
// Elsewhere sharp decodes everything, and these tests compare it with itself.
const decode = await loadTurboJpeg();
const decoded: boolean[] = [];
/** Notes which files it is given, and whether it decodes them. */
const noted: TurboJpeg = async (bytes, size) => {
  const image = await decode?.(bytes, size);
  decoded.push(image !== undefined);
  return image;
};
jest.unstable_mockModule('../src/files/turboJpeg.js', () => ({ turboJpeg: () => noted }));
const { decodeImage } = await import('../src/files/decodeImage.js');
const { decodePlain } = await import('../src/files/decodePlain.js');

const decodeForever = fileURLToPath(new URL('workers/decodeForever.mjs', import.meta.url));
const SLOW = 60_000;
const FAIL_ON = ['none', 'truncated', 'error', 'warning'] as const;

function jpegOf(height: number, width: number) {
  return sharp(picture(height, width), { raw: { width, height, channels: 3 } });
}

/** Whether `decodeImage` has given any file to libjpeg-turbo, and it has decoded it. */
async function isTurbo(bytes: Uint8Array): Promise<boolean> {
  decoded.length = 0;
  await decodeImage(bytes, {});
  return decoded.includes(true);
}

/** The image as sharp by itself decodes it, or nothing where it does not. */
async function bySharp(bytes: Uint8Array, failOn: DecodeOptions['failOn']) {
  try {
    const pipeline = sharp(bytes, { failOn: failOn!, autoOrient: true });
    const { data, info } = await pipeline
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, height: info.height, width: info.width };
  } catch {
    return undefined;
  }
}

/** That a file, which may be damaged, comes to what it comes to with sharp alone, for every `failOn`. */
async function expectSame(bytes: Uint8Array): Promise<void> {
  const check = async (failOn: (typeof FAIL_ON)[number]): Promise<void> => {
    const expected = await bySharp(bytes, failOn);
    if (expected === undefined) {
      await expect(decodeImage(bytes, { failOn })).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
      return;
    }
    const { data, height, width } = await decodeImage(bytes, { failOn });
    expect([height, width]).toEqual([expected.height, expected.width]);
    // A gray image has other channels here; files.test.ts knows what becomes of it.
    if (expected.data.length === data.length) expect(Buffer.compare(data, expected.data)).toBe(0);
  };
  await Promise.all(FAIL_ON.map(check));
}

test('libjpeg-turbo is there where it is looked for', () => {
  expect(decode !== undefined).toBe(isLinux);
});

describe('pixels are those of sharp', () => {
  test.each([
    [1, 1],
    [1, 40],
    [17, 33],
    [375, 500],
  ])('%i x %i, of any quality and sampling', async (height, width) => {
    for (const quality of [10, 75, 95, 100]) {
      for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
        const bytes = await jpegOf(height, width).jpeg({ quality, chromaSubsampling }).toBuffer();
        expect(await isTurbo(bytes)).toBe(isLinux);
        await expectSame(bytes);
      }
    }
  });

  test('with 4:2:2, which PIL writes, and with optimized tables and restarts', async () => {
    const halved = await readFile(fixture('sampled422.jpg'));
    const restarts = await readFile(fixture('restarts.jpg'));
    const optimized = await jpegOf(50, 70).jpeg({ optimizeCoding: true, quantisationTable: 3 }).toBuffer();
    for (const bytes of [halved, restarts, optimized]) {
      expect(await isTurbo(bytes)).toBe(isLinux);
      await expectSame(bytes);
    }
  });

  test('of several calls at once, which do not share memory', async () => {
    const files = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        jpegOf(100 + i, 150)
          .jpeg()
          .toBuffer(),
      ),
    );
    const expected = await Promise.all(files.map((bytes) => bySharp(bytes, 'error')));
    const images = await Promise.all(files.map((bytes) => decodeImage(bytes, {})));
    for (const [i, { data }] of images.entries()) expect(Buffer.compare(data, expected[i]!.data)).toBe(0);
    expect(new Set(images.map(({ data }) => data.buffer)).size).toBe(images.length);

    // Those that are given back at once may share it one after the other.
    const recipe = recipes.mocoV2({ size: 32 });
    const alone: Uint8Array[] = [];
    for (const bytes of files) alone.push(await decodePlain(bytes, recipe));
    for (let round = 0; round < 5; round++) {
      expect(await Promise.all(files.map((bytes) => decodePlain(bytes, recipe)))).toEqual(alone);
    }
  });

  test('of more calls at once than are queued', async () => {
    const bytes = await jpegOf(20, 30).jpeg().toBuffer();
    const expected = await bySharp(bytes, 'error');
    const images = await Promise.all(Array.from({ length: 600 }, () => decodeImage(bytes, {})));
    expect(images.every(({ data }) => Buffer.compare(data, expected!.data) === 0)).toBe(true);
  });
});

describe('left to sharp is', () => {
  test('what is not plain', async () => {
    const image = jpegOf(40, 60);
    const others = [
      image.clone().jpeg({ progressive: true }),
      image.clone().withIccProfile('p3').jpeg(),
      image.clone().toColourspace('b-w').jpeg(),
      image.clone().toColourspace('cmyk').jpeg(),
      image.clone().png(),
    ];
    for (const other of others) {
      const bytes = await other.toBuffer();
      expect(await isTurbo(bytes)).toBe(false);
      expect(decoded).toEqual([]);
      await expectSame(bytes);
    }
    const turned = await image.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await isTurbo(turned)).toBe(false);
    expect(await decodeImage(turned, {})).toMatchObject({ height: 60, width: 40 });
  });

  test('what has too many pixels', async () => {
    const bytes = await jpegOf(40, 60).jpeg().toBuffer();
    decoded.length = 0;
    await expect(decodeImage(bytes, { maxPixels: 2399 })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(decoded).toEqual([]);
    await decodeImage(bytes, { maxPixels: 2400 });
    expect(decoded).toEqual([isLinux]);
  });

  test('what claims to be larger than it was found to be', async () => {
    const bytes = await jpegOf(40, 60).jpeg().toBuffer();
    const size = plainJpegSize(bytes)!;
    expect(size).toEqual({ height: 40, width: 60 });
    expect(await decode?.(bytes, { height: 40, width: 59 })).toBeUndefined();
    expect(await decode?.(bytes, { height: 60, width: 40 })).toBeUndefined();
  });
});

describe('what becomes of a damaged file is what sharp alone makes of it', () => {
  test(
    'for every length that it is cut to',
    async () => {
      const bytes = await jpegOf(9, 21).jpeg({ quality: 50 }).toBuffer();
      for (let end = 1; end <= bytes.length; end++) await expectSame(bytes.subarray(0, end));
    },
    SLOW,
  );

  test('with bytes after its end, and with bytes too many before it', async () => {
    const bytes = await jpegOf(19, 37).jpeg().toBuffer();
    const [all, end] = [bytes.subarray(0, -2), bytes.subarray(-2)];
    await expectSame(Buffer.concat([bytes, Buffer.alloc(50, 1)]));
    await expectSame(Buffer.concat([all, Buffer.alloc(50, 1), end]));
  });

  test.each(['4:2:0', '4:4:4'])(
    'with %s and bytes changed at random',
    async (chromaSubsampling) => {
      const bytes = await jpegOf(24, 40).jpeg({ chromaSubsampling }).toBuffer();
      const random = randomStream({ seed: 5, purpose: 'damaged JPEGs' });
      decoded.length = 0;
      for (let i = 0; i < 200; i++) {
        const damaged = Buffer.from(bytes);
        damaged[random.integers(1, bytes.length)[0]!] = random.integers(1, 256)[0]!;
        // What claims to have millions of pixels takes sharp long.
        const size = plainJpegSize(damaged) ?? { height: 0, width: 0 };
        if (size.height * size.width < 1e6) await expectSame(damaged);
      }
      // Some were decoded and some were refused: both are tested.
      expect(new Set(decoded)).toEqual(new Set(isLinux ? [true, false] : [false]));
    },
    SLOW,
  );
});

test(
  'worker threads decode at the same time, and may be terminated meanwhile',
  async () => {
    const path = fixture('picture.jpg');
    const expected = await bySharp(await readFile(path), 'error');
    const sum = expected!.data.reduce((total, value) => total + value, 0);
    for (let round = 0; round < 3 && isLinux; round++) {
      const threads = [0, 1].map(() => new Worker(decodeForever, { workerData: path }));
      const sums = await Promise.all(threads.map((thread) => once(thread, 'message')));
      expect(sums).toEqual([[sum], [sum]]);
      const images = await Promise.all(Array.from({ length: 20 }, () => decodeImage(path, {})));
      expect(images.every(({ data }) => Buffer.compare(data, expected!.data) === 0)).toBe(true);
      await Promise.all(threads.map((thread) => thread.terminate()));
    }
  },
  SLOW,
);
