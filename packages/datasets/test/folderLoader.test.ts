import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { decodeCrops, decodePlain } from '@protocl/augment';
import { openImageFolder, type FolderLoaderOptions } from '@protocl/datasets';

import { createThreadedLoader } from '../src/loader/createFolderLoader.js';
import type { ThreadedFolderLoader } from '../src/loader/threadedFolderLoader.js';
import { decompressionBomb, picture, writePictures } from './imageFiles.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const loaders: ThreadedFolderLoader[] = [];
afterEach(async () => {
  await Promise.all(loaders.splice(0).map((loader) => loader.close()));
});

async function open(options: Partial<FolderLoaderOptions> = {}, maxPixels?: number) {
  const images = await openImageFolder(folder.path, maxPixels === undefined ? {} : { maxPixels });
  const loader = createThreadedLoader(images, { batchSize: 4, recipe, seed: 7, workers: 1, ...options });
  loaders.push(loader);
  return { images, loader };
}

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const batch of batches) collected.push(batch);
  return collected;
}

type AnyBatch = { readonly indices: Int32Array } & (
  { readonly crops: readonly Uint8Array[] } | { readonly images: Uint8Array }
);

/** A digest of everything in the batches. */
function digestOf(batches: readonly AnyBatch[]): string {
  const hash = createHash('sha256');
  for (const batch of batches) {
    hash.update(Int32Array.from(batch.indices));
    for (const pixels of 'crops' in batch ? batch.crops : [batch.images]) hash.update(pixels);
  }
  return hash.digest('hex');
}

const indicesOf = (batches: readonly AnyBatch[]) => batches.flatMap(({ indices }) => [...indices]);
const sorted = (indices: readonly number[]) => [...indices].sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('batches of a folder', () => {
  test('hold the crops that (seed, epoch, index) stand for, and their labels', async () => {
    const names = await writePictures(folder, 10);
    const { images, loader } = await open({ views: 3 });
    expect(images.files).toEqual(names);
    expect(loader.stepsPerEpoch).toBe(2);
    const batches = await all(loader.epoch(5));
    expect(batches).toHaveLength(2);
    expect(new Set(indicesOf(batches)).size).toBe(8);
    for (const { crops, labels, indices, shape } of batches) {
      expect(shape).toEqual([4, 16, 16, 3]);
      expect(crops).toHaveLength(3);
      expect([...labels]).toEqual([...indices].map((index) => (index < 5 ? 0 : 1)));
      for (const [row, index] of indices.entries()) {
        const file = await readFile(join(folder.path, names[index]!));
        const options = { seed: 7, epoch: 5, index, views: 3 };
        const expected = await decodeCrops(file, recipe, options);
        for (const view of [0, 1, 2]) {
          const got = crops[view]!.subarray(row * 768, (row + 1) * 768);
          expect(Buffer.compare(got, expected.crops[view]!)).toBe(0);
        }
      }
    }
  });

  test('are the same for any number of workers and batches ahead, corrupt images included', async () => {
    const names = await writePictures(folder, 24);
    await folder.write(names[3]!, 'no image');
    await folder.write(names[17]!, 'no image');
    const digests = new Set<string>();
    for (const [workers, prefetch] of [
      [1, 1],
      [2, 4],
      [3, 5],
    ] as const) {
      const { loader } = await open({ workers, prefetch, maxCorruptShare: 0.1, dropRemainder: false });
      const batches = [await all(loader.epoch(0)), await all(loader.epoch(1)), await all(loader.plain())];
      expect(batches.map((some) => indicesOf(some).length)).toEqual([24, 24, 22]);
      digests.add(batches.map(digestOf).join() + JSON.stringify(loader.skipped));
    }
    expect(digests.size).toBe(1);
  });

  test('have another order and other crops in each epoch and for each seed', async () => {
    await writePictures(folder, 12);
    const { loader } = await open();
    const other = await open({ seed: 8 });
    const first = await all(loader.epoch(0));
    expect(digestOf(await all(loader.epoch(0)))).toBe(digestOf(first));
    for (const batches of [await all(loader.epoch(1)), await all(other.loader.epoch(0))]) {
      expect(sorted(indicesOf(batches))).toEqual(upTo(12));
      expect(indicesOf(batches)).not.toEqual(indicesOf(first));
    }
    const unshuffled = await open({ shuffle: false });
    const inOrder = await all(unshuffled.loader.epoch(0));
    expect(indicesOf(inOrder)).toEqual(upTo(12));
    expect(digestOf(inOrder)).not.toBe(digestOf(await all(unshuffled.loader.epoch(1))));
  });

  test('from a first step on are exactly those of the whole epoch', async () => {
    const names = await writePictures(folder, 14);
    await folder.write(names[6]!, 'no image');
    const { loader } = await open({ workers: 2, maxCorruptShare: 0.1, dropRemainder: false });
    const whole = await all(loader.epoch(2));
    expect(whole.map(({ shape }) => shape[0])).toEqual([4, 4, 4, 2]);
    for (const firstStep of [1, 3, 4]) {
      const resumed = await open({ maxCorruptShare: 0.1, dropRemainder: false });
      const rest = await all(resumed.loader.epoch(2, { firstStep }));
      expect(rest).toHaveLength(4 - firstStep);
      expect(digestOf(rest)).toBe(digestOf(whole.slice(firstStep)));
    }
  });

  test('of plain images are what evaluation sees, in the order of the folder', async () => {
    const names = await writePictures(folder, 6);
    const { loader } = await open();
    const batches = await all(loader.plain());
    expect(batches.map(({ shape }) => shape)).toEqual([
      [4, 16, 16, 3],
      [2, 16, 16, 3],
    ]);
    expect(indicesOf(batches)).toEqual(upTo(6));
    expect(batches.flatMap(({ labels }) => [...labels])).toEqual([0, 0, 0, 1, 1, 1]);
    const expected = await Promise.all(
      names.map(async (name) => decodePlain(await readFile(join(folder.path, name)), recipe)),
    );
    expect(Buffer.compare(Buffer.concat(batches.map(({ images }) => images)), Buffer.concat(expected))).toBe(
      0,
    );
  });

  test('can be of every format', async () => {
    const image = () => picture(1, 64, 64);
    await folder.write('a/1.avif', await image().avif({ quality: 90 }).toBuffer());
    await folder.write('a/2.gif', await image().gif().toBuffer());
    await folder.write('a/3.jpg', await image().jpeg({ quality: 95 }).toBuffer());
    await folder.write('a/4.png', await image().png().toBuffer());
    await folder.write('a/5.tiff', await image().tiff({ compression: 'lzw' }).toBuffer());
    await folder.write('a/6.webp', await image().webp({ lossless: true }).toBuffer());
    const { loader } = await open({ batchSize: 6 });
    const [batch] = await all(loader.plain());
    expect(loader.skipped).toEqual([]);
    expect(batch!.shape).toEqual([6, 16, 16, 3]);
    const images = upTo(6).map((row) => batch!.images.subarray(row * 768, (row + 1) * 768));
    const png = images[3]!;
    for (const pixels of images) {
      const difference = pixels.reduce((sum, value, i) => sum + Math.abs(value - png[i]!), 0) / pixels.length;
      expect(difference).toBeLessThan(6);
    }
  });
});

describe('at any time', () => {
  test('only so many batches are under way', async () => {
    await writePictures(folder, 40);
    const { loader } = await open({ workers: 2, prefetch: 3, batchSize: 2 });
    let started = 0;
    let done = 0;
    const { pool } = loader;
    const run = pool.run.bind(pool);
    jest.spyOn(pool, 'run').mockImplementation(async (task) => {
      started++;
      const outcome = await run(task);
      done++;
      return outcome;
    });
    let taken = 0;
    for await (const batch of loader.epoch(0)) {
      expect(batch.indices).toHaveLength(2);
      taken++;
      // A slow consumer: everything that may be made ahead is made, and nothing more.
      const ahead = Math.min(3, 20 - taken);
      while (done < taken + ahead) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(started).toBe(taken + ahead);
    }
    expect(taken).toBe(20);
  });

  test('an epoch that is left early is made no further, and another one can begin', async () => {
    await writePictures(folder, 40);
    const { loader } = await open({ prefetch: 8 });
    const outcomes: Promise<{ readonly kind: string }>[] = [];
    const { pool } = loader;
    const run = pool.run.bind(pool);
    jest.spyOn(pool, 'run').mockImplementation((task) => {
      const outcome = run(task);
      outcomes.push(outcome);
      return outcome;
    });
    for await (const batch of loader.epoch(0)) {
      expect(batch.indices).toHaveLength(4);
      break;
    }
    expect(outcomes).toHaveLength(9);
    expect((await outcomes[8]!).kind).toBe('cancelled');
    expect(sorted(indicesOf(await all(loader.epoch(1))))).toEqual(upTo(40));
  });

  test('two ways through the data can be gone at once', async () => {
    await writePictures(folder, 12);
    const { loader } = await open({ workers: 2 });
    const [plain, views] = await Promise.all([all(loader.plain()), all(loader.epoch(0))]);
    expect(indicesOf(plain)).toEqual(upTo(12));
    expect(sorted(indicesOf(views))).toEqual(upTo(12));
  });
});

describe('images that cannot be used', () => {
  test('are replaced in views, left out of plain batches, counted and named', async () => {
    const names = await writePictures(folder, 20);
    const png = await picture(1, 200, 150).png().toBuffer();
    await folder.write(names[2]!, '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>');
    await folder.write(names[5]!, '');
    await folder.write(names[11]!, png.subarray(0, 100));
    await folder.write(names[12]!, await decompressionBomb(60_000, 60_000));
    const lines: string[] = [];
    const told: string[] = [];
    const { loader } = await open({
      batchSize: 5,
      maxCorruptShare: 0.2,
      log: (line) => lines.push(line),
      onSkipped: ({ path }) => told.push(path),
    });
    const bad = [2, 5, 11, 12];
    const views = await all(loader.epoch(0));
    expect(views.map(({ shape }) => shape[0])).toEqual([5, 5, 5, 5]);
    for (const { indices } of views) expect(new Set(indices).size).toBe(5);
    const seen = new Set(indicesOf(views));
    expect(sorted([...seen])).toEqual(upTo(20).filter((index) => !bad.includes(index)));
    expect(new Set(loader.skipped.map(({ path }) => path))).toEqual(new Set(bad.map((i) => names[i]!)));

    const plain = await all(loader.plain());
    expect(indicesOf(plain)).toEqual(upTo(20).filter((index) => !bad.includes(index)));
    expect(plain.map(({ shape }) => shape[0])).toEqual([4, 4, 3, 5]);
    // Each is named once, however often it is met.
    expect(loader.skipped).toHaveLength(4);
    expect(told).toEqual(loader.skipped.map(({ path }) => path));
    expect(lines).toEqual(loader.skipped.map(({ path, reason }) => `skipped ${path}: ${reason}`));
    const bomb = loader.skipped.find(({ path }) => path === names[12]);
    expect(bomb!.reason).toMatch(/pixel/);
    // Whatever it is called, and though sharp would draw it.
    const drawing = loader.skipped.find(({ path }) => path === names[2]);
    expect(drawing!.reason).toMatch(/its content is of no format that is decoded/);
  });

  test('may be too large by a limit of the folder, in pixels or in bytes', async () => {
    await writePictures(folder, 8);
    await folder.write('a/large.png', await picture(1, 101, 100).png().toBuffer());
    await folder.write(
      'b/padded.png',
      Buffer.concat([await picture(1).png().toBuffer(), Buffer.alloc(1_200_000)]),
    );
    const { loader } = await open({ maxCorruptShare: 0.2 }, 10_000);
    expect(indicesOf(await all(loader.plain()))).toHaveLength(8);
    expect(loader.skipped.map(({ path }) => path)).toEqual(['a/large.png', 'b/padded.png']);
    expect(loader.skipped[1]!.reason).toMatch(/oversized/);
  });

  test('beyond the set share end the epoch with an error that names some', async () => {
    const names = await writePictures(folder, 20);
    for (const name of names.slice(4, 7)) await folder.write(name, 'no image');
    const { loader } = await open({ shuffle: false, maxCorruptShare: 0.1, workers: 2 });
    const taken: number[] = [];
    const epoch = async () => {
      for await (const { indices } of loader.epoch(0)) taken.push(...indices);
    };
    await expect(epoch()).rejects.toMatchObject({
      code: 'TOO_MANY_CORRUPT',
      given: expect.stringContaining(`${names[4]!} (`) as unknown,
      expected: 'at most 2 of 20',
    });
    // The batch before them came.
    expect(taken).toEqual([0, 1, 2, 3]);
    await expect(all(loader.plain())).rejects.toMatchObject({ code: 'TOO_MANY_CORRUPT' });
  });

  test('that leave too few to fill a batch end the epoch', async () => {
    const names = await writePictures(folder, 6);
    await folder.write(names[0]!, 'no image');
    const { loader } = await open({ batchSize: 6, maxCorruptShare: 0.5 });
    await expect(all(loader.epoch(0))).rejects.toMatchObject({
      code: 'TOO_MANY_CORRUPT',
      message: expect.stringContaining('too few images') as unknown,
    });
    expect(indicesOf(await all(loader.plain()))).toEqual([1, 2, 3, 4, 5]);
  });

  test('may all be in one plain batch, which is then left out', async () => {
    const names = await writePictures(folder, 9);
    for (const name of names.slice(3, 6)) await folder.write(name, 'no image');
    const { loader } = await open({ batchSize: 3, maxCorruptShare: 0.5 });
    expect((await all(loader.plain())).map(({ indices }) => [...indices])).toEqual([
      [0, 1, 2],
      [6, 7, 8],
    ]);
  });
});

describe('options are refused', () => {
  test.each([
    { batchSize: 0 },
    { batchSize: 9 },
    { views: 0 },
    { workers: 0 },
    { workers: 1.5 },
    { prefetch: 0 },
    { maxCorruptShare: 1.1 },
    { maxCorruptShare: NaN },
    { seed: -1 },
  ])('%j', async (options) => {
    await writePictures(folder, 8);
    await expect(open(options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('a recipe that is none', async () => {
    await writePictures(folder, 4);
    const wrong = { ...recipe, randomResizedCrop: { size: 0 } };
    await expect(open({ recipe: wrong })).rejects.toMatchObject({ code: 'RECIPE_INVALID' });
  });

  test('an epoch or a first step that is none', async () => {
    await writePictures(folder, 8);
    const { loader } = await open();
    expect(() => loader.epoch(-1)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(() => loader.epoch(0, { firstStep: 3 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });

  test('more workers than libuv has threads are warned of', async () => {
    await writePictures(folder, 4);
    const lines: string[] = [];
    await open({ workers: 9, log: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringContaining('start Node with UV_THREADPOOL_SIZE=9')]);
  });
});
