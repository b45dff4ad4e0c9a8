import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, jest, test } from '@jest/globals';
import { decodeCrops } from '@protocl/augment';
import {
  createFolderLoader,
  openImageFolder,
  type FolderLoader,
  type FolderLoaderOptions,
  type ViewBatch,
} from '@protocl/datasets';

import { writePictures } from './imageFiles.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const loaders: FolderLoader[] = [];
afterEach(async () => {
  await Promise.all(loaders.splice(0).map((loader) => loader.close()));
});

const PIXELS = 16 * 16 * 3;
const ORDER = Int32Array.of(5, 2, 5, 5, 0, 2, 9, 5, 11, 11, 3, 5);
/** How often each has come before. */
const REPEATS = [0, 0, 1, 2, 0, 1, 0, 3, 0, 1, 0, 4];

async function open(options: Partial<FolderLoaderOptions> = {}): Promise<FolderLoader> {
  const images = await openImageFolder(folder.path);
  const loader = createFolderLoader(images, { batchSize: 5, recipe, seed: 7, workers: 1, ...options });
  loaders.push(loader);
  return loader;
}

async function epochOf(loader: FolderLoader, firstStep = 0, order = ORDER): Promise<ViewBatch[]> {
  const batches: ViewBatch[] = [];
  for await (const batch of loader.epoch(4, { firstStep, order })) batches.push(batch);
  return batches;
}

const cropOf = ({ crops }: ViewBatch, row: number, view: number) =>
  crops[view]!.subarray(row * PIXELS, (row + 1) * PIXELS);

test('an epoch follows the order, with other crops each time that an image comes', async () => {
  const names = await writePictures(folder, 12);
  const batches = await epochOf(await open({ dropRemainder: false }));
  expect(batches.map(({ indices }) => [...indices])).toEqual([
    [5, 2, 5, 5, 0],
    [2, 9, 5, 11, 11],
    [3, 5],
  ]);
  expect(batches.flatMap(({ repeats }) => [...repeats!])).toEqual(REPEATS);
  const seen = new Set<string>();
  for (const batch of batches) {
    expect([...batch.labels]).toEqual([...batch.indices].map((index) => (index < 6 ? 0 : 1)));
    for (const [row, index] of batch.indices.entries()) {
      const file = await readFile(join(folder.path, names[index]!));
      // The views of all times, of which this time has two.
      const { crops } = await decodeCrops(file, recipe, { seed: 7, epoch: 4, index, views: 10 });
      for (const view of [0, 1]) {
        const crop = cropOf(batch, row, view);
        expect(Buffer.compare(crop, crops[2 * batch.repeats![row]! + view]!)).toBe(0);
        seen.add(Buffer.from(crop).toString('base64'));
      }
    }
  }
  expect(seen.size).toBe(24);
});

test('an option of an epoch that there is not is refused', async () => {
  await writePictures(folder, 12);
  const loader = await open();
  expect(() => loader.epoch(0, { firststep: 1 } as never)).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_OPTION', remedy: 'Did you mean firstStep?' }),
  );
});

test('an epoch without an order counts nothing', async () => {
  await writePictures(folder, 12);
  for await (const batch of (await open()).epoch(0)) expect('repeats' in batch).toBe(false);
});

test('batches are the same for any number of workers, and from any step on', async () => {
  const names = await writePictures(folder, 12);
  // One that comes twice in one batch, and is replaced each time.
  await folder.write(names[11]!, 'no image');
  const corrupt = { maxCorruptShare: 0.1, dropRemainder: false };
  const whole = await epochOf(await open(corrupt));
  const replaced = whole[1]!.indices.slice(3);
  expect([...replaced]).not.toContain(11);
  expect(new Set([...whole[1]!.indices]).size).toBe(5);
  expect([...whole[1]!.repeats!]).toEqual([1, 0, 3, 0, 0]);
  for (const [workers, prefetch, firstStep] of [
    [3, 5, 0],
    [2, 1, 1],
    [1, 4, 2],
  ] as const) {
    const loader = await open({ ...corrupt, workers, prefetch });
    expect(await epochOf(loader, firstStep)).toEqual(whole.slice(firstStep));
    expect(loader.skipped).toHaveLength(firstStep < 2 ? 1 : 0);
  }
});

test.each([
  ['too short', Int32Array.of(1, 2, 3), 3],
  ['of an image that is not there', Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12), 12],
  ['of an image without a cluster', Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1), -1],
])('an order that is %s is refused', async (_, order, given) => {
  await writePictures(folder, 12);
  const loader = await open();
  expect(() => loader.epoch(0, { order })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', given }),
  );
});

test('an order that changes later stays what it was', async () => {
  await writePictures(folder, 12);
  const loader = await open();
  const order = ORDER.slice();
  const epoch = loader.epoch(0, { order });
  order.fill(0);
  const { value } = (await epoch.next()) as { value: ViewBatch };
  expect([...value.indices]).toEqual([5, 2, 5, 5, 0]);
  await epoch.return!();
});
