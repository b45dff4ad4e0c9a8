import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { augmentCrops, decodeCrops, imageTensor, recipes } from '@protocl/augment';
import { useBackend } from '@protocl/backend';
import { openImageFolder } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

import { folderData } from '../../src/data/folderData.js';
import { writeImageFolder } from '../imageFolder.js';
import { syntheticImages } from '../syntheticImages.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const recipe = recipes.cifar({ size: 8 });
let path: string;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'protocl-folder-data-'));
  await useBackend('wasm', { log: () => undefined });
  await writeImageFolder(path, syntheticImages(12, 1));
});
afterAll(() => rm(path, { recursive: true }));

test('follows an order, with other views each time that an image comes', async () => {
  const before = tf.memory().numTensors;
  const train = await openImageFolder(path);
  const options = { recipe, seed: 5, batchSize: 4, plainBatchSize: 4, workers: 1, maxCorruptShare: 0 };
  const data = folderData({ train, test: undefined }, options);
  const order = Int32Array.of(3, 3, 7, 3, 0, 7, 11, 3, 11, 1, 1, 1);
  const viewsFrom = async (firstStep: number) => {
    const batches: { views: Float32Array[]; indices: number[] }[] = [];
    for await (const { views, indices } of data.source.views(2, firstStep, order)) {
      batches.push({ views: views.map((view) => view.dataSync<'float32'>()), indices: [...indices] });
      tf.dispose([...views]);
    }
    return batches;
  };
  const batches = await viewsFrom(0);
  expect(batches.flatMap(({ indices }) => indices)).toEqual([...order]);
  const times = new Map<number, number>();
  for (const { views, indices } of batches) {
    for (const [row, index] of indices.entries()) {
      const time = times.get(index) ?? 0;
      times.set(index, time + 1);
      const file = await readFile(join(path, train.files[index]!));
      const { crops } = await decodeCrops(file, recipe, { seed: 5, epoch: 2, index, views: 8 });
      for (const which of [0, 1]) {
        const view = 2 * time + which;
        const crop = imageTensor(crops[view]!, [1, 8, 8, 3]);
        const expected = augmentCrops(crop, recipe, { seed: 5, epoch: 2, indices: [index], view });
        const values = views[which]!.subarray(row * 8 * 8 * 3, (row + 1) * 8 * 8 * 3);
        expected.dataSync().forEach((value, at) => expect(values[at]).toBeCloseTo(value, 4));
        tf.dispose([crop, expected]);
      }
    }
  }
  expect(times.get(3)).toBe(4);
  expect(await viewsFrom(1)).toEqual(batches.slice(1));
  await data.close();
  expect(tf.memory().numTensors).toBe(before);
});

test('shows chosen images as evaluation does, under their own numbers', async () => {
  const before = tf.memory().numTensors;
  const train = await openImageFolder(path);
  const options = { recipe, seed: 5, batchSize: 4, plainBatchSize: 2, workers: 1, maxCorruptShare: 0 };
  const data = folderData({ train, test: undefined }, options);
  const valuesOf = async (batches: AsyncIterable<{ images: tf.Tensor4D; indices: Int32Array }>) => {
    const values = new Map<number, number[]>();
    for await (const { images, indices } of batches) {
      const rows = images.arraySync().map((image) => image.flat(2));
      for (const [row, index] of indices.entries()) values.set(index, rows[row]!);
      images.dispose();
    }
    return values;
  };
  const all = await valuesOf(data.source.plain());
  const some = await valuesOf(data.plainViews(Int32Array.of(2, 5, 9)));
  expect([...some.keys()]).toEqual([2, 5, 9]);
  for (const [index, values] of some) expect(values).toEqual(all.get(index));
  await data.close();
  expect(tf.memory().numTensors).toBe(before);
});
