import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { augmentBatch, imageTensor, plainBatch, recipes } from '@protocl/augment';
import { useBackend } from '@protocl/backend';
import type { ImageDataset } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

import { firstImages, memoryData } from '../../src/data/memoryData.js';
import { syntheticImages } from '../syntheticImages.js';

const recipe = recipes.cifar({ size: 8 });
const train = syntheticImages(50, 1);
const options = { recipe, seed: 5, batchSize: 16, plainBatchSize: 20 };

let tensorsBefore: number;
beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

/** Some images of a data set, one copied after the other. */
function gathered({ images, shape }: ImageDataset, indices: Int32Array): tf.Tensor4D {
  const size = images.length / shape[0];
  const bytes = indices.reduce<number[]>((all, index) => {
    all.push(...images.subarray(index * size, (index + 1) * size));
    return all;
  }, []);
  return imageTensor(Uint8Array.from(bytes), [indices.length, shape[1], shape[2], 3]);
}

async function epochOf(epoch: number, firstStep = 0) {
  const batches: { views: Float32Array[]; indices: Int32Array }[] = [];
  for await (const { views, indices } of memoryData(train, undefined, options).source.views(
    epoch,
    firstStep,
  )) {
    batches.push({ views: views.map((view) => view.dataSync<'float32'>()), indices });
    tf.dispose([...views]);
  }
  return batches;
}

describe('memoryData', () => {
  test('gives two views of each image, drawn by seed, epoch, image and view', async () => {
    const batches = await epochOf(2);
    expect(batches).toHaveLength(3);
    for (const { views, indices } of batches) {
      const images = gathered(train, indices);
      for (const view of [0, 1]) {
        const expected = augmentBatch(images, recipe, { seed: 5, epoch: 2, indices, view });
        expect(views[view]).toEqual(expected.dataSync());
        expected.dispose();
      }
      images.dispose();
    }
    const seen = batches.flatMap(({ indices }) => [...indices]);
    expect(new Set(seen).size).toBe(48);
    expect((await epochOf(3))[0]!.indices).not.toEqual(batches[0]!.indices);
  });

  test('goes on in the middle of an epoch as if it had begun at its start', async () => {
    expect(await epochOf(1, 2)).toEqual((await epochOf(1)).slice(2));
  });

  test('follows an order, with other views each time that an image comes', async () => {
    const order = Int32Array.from({ length: 50 }, (_, place) => (place * place) % 7);
    const { source } = memoryData(train, undefined, options);
    const viewsFrom = async (firstStep: number) => {
      const batches: { views: Float32Array[]; indices: number[] }[] = [];
      for await (const { views, indices } of source.views(2, firstStep, order)) {
        batches.push({ views: views.map((view) => view.dataSync<'float32'>()), indices: [...indices] });
        tf.dispose([...views]);
      }
      return batches;
    };
    const batches = await viewsFrom(0);
    expect(batches.flatMap(({ indices }) => indices)).toEqual([...order.subarray(0, 48)]);
    const times = new Map<number, number>();
    for (const { views, indices } of batches) {
      for (const [row, index] of indices.entries()) {
        const time = times.get(index) ?? 0;
        times.set(index, time + 1);
        for (const which of [0, 1]) {
          const image = gathered(train, Int32Array.of(index));
          const draws = { seed: 5, epoch: 2, indices: [index], view: 2 * time + which };
          const expected = augmentBatch(image, recipe, draws);
          const values = views[which]!.subarray(row * 8 * 8 * 3, (row + 1) * 8 * 8 * 3);
          expected.dataSync().forEach((value, at) => expect(values[at]).toBeCloseTo(value, 4));
          tf.dispose([image, expected]);
        }
      }
    }
    expect(Math.max(...times.values())).toBeGreaterThan(5);
    expect(await viewsFrom(2)).toEqual(batches.slice(2));
  });

  test('shows evaluation and E-step every image once, as it is', async () => {
    const { source } = memoryData(train, undefined, options);
    const seen: number[] = [];
    for await (const { images, indices } of source.plain()) {
      const raw = gathered(train, indices);
      const expected = plainBatch(raw, recipe);
      expect(images.dataSync()).toEqual(expected.dataSync());
      tf.dispose([images, raw, expected]);
      seen.push(...indices);
    }
    expect(seen).toEqual([...Array(50).keys()]);
  });

  test('shows chosen images as evaluation does, under their own numbers', async () => {
    const chosen = Int32Array.of(3, 4, 11, 20, 41);
    const seen: number[] = [];
    for await (const { images, indices } of memoryData(train, undefined, options).plainViews(chosen)) {
      const raw = gathered(train, indices);
      const expected = plainBatch(raw, recipe);
      expect(images.dataSync()).toEqual(expected.dataSync());
      tf.dispose([images, raw, expected]);
      seen.push(...indices);
    }
    expect(seen).toEqual([...chosen]);
  });

  test('shows chosen images with their labels, in their own colours', async () => {
    const chosen = Int32Array.of(3, 4, 11, 20, 41);
    const views = memoryData(train, undefined, options).labelledViews(chosen, 2);
    const { randomResizedCrop, flip, normalize } = recipe;
    const orders: number[][] = [];
    for (const epoch of [0, 1]) {
      const order: number[] = [];
      for await (const { images, labels } of views(epoch)) {
        // Which image a view is of shows by comparing it with that view of each.
        const all = gathered(train, chosen);
        const expected = augmentBatch(
          all,
          { randomResizedCrop, flip, normalize },
          { seed: 5, epoch, indices: chosen, view: 0 },
        );
        const [given, each] = [images, expected].map((tensor) => tensor.arraySync().map(String));
        given!.forEach((view, row) => {
          const position = each!.indexOf(view);
          expect((labels as Int32Array)[row]).toBe(train.labels[chosen[position]!]);
          order.push(position);
        });
        tf.dispose([images, all, expected]);
      }
      orders.push(order);
    }
    expect(orders.map((order) => order.toSorted())).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test('limits what is evaluated to images drawn from all, with their labels', async () => {
    const { train: limited, test } = memoryData(train, syntheticImages(10, 2), {
      ...options,
      trainLimit: 12,
    });
    expect([limited.size, test!.size]).toEqual([12, 10]);
    const rest = memoryData(train, undefined, { ...options, trainLimit: 12 }).train;
    expect(rest.labels).toEqual(limited.labels);
    for await (const { images, indices } of limited.batches()) {
      // The class is the colour that is brightest, if one is.
      const means = tf.tidy(() => tf.mean(images, [1, 2]).dataSync());
      for (const index of indices) {
        const colours = means.subarray(index * 3, index * 3 + 3);
        const brightest = colours.indexOf(Math.max(...colours));
        const isGray = Math.max(...colours) - Math.min(...colours) < 0.7;
        expect(isGray ? 3 : brightest).toBe(limited.labels![index]);
      }
      images.dispose();
    }
  });

  test('firstImages takes no copy', () => {
    const some = firstImages(train, 7);
    expect(some.shape).toEqual([7, 12, 12, 3]);
    expect(some.images.buffer).toBe(train.images.buffer);
    expect(some.labels).toEqual(train.labels.slice(0, 7));
    expect(firstImages(train, 100)).toBe(train);
  });
});
