import {
  augmentBatch,
  augmentCrops,
  decodePlain,
  imageTensor,
  plainBatch,
  plainCrops,
  recipes,
} from '@protocl/augment';
import type { AugmentationRecipe } from '@protocl/augment';
import { useBackend, type BackendName } from '@protocl/backend';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';

import { picture } from './picture.js';

const OPTIONS = { seed: 4, epoch: 3, view: 1 };
const N = 24;
const [HEIGHT, WIDTH] = [34, 40];

/** Everything that can happen to an image, often. */
const everything: AugmentationRecipe = {
  ...recipes.mocoV2({ size: 16 }),
  gaussianBlur: { probability: 0.5, sigma: [0.1, 2], kernel: 7 },
  solarize: { probability: 0.3 },
};

/** [n, HEIGHT, WIDTH, 3]: parts of a larger picture. */
function batchOf(indices: readonly number[]): tf.Tensor4D {
  const whole = picture(HEIGHT + N, WIDTH);
  const rows = HEIGHT * WIDTH * 3;
  const bytes = new Uint8Array(indices.length * rows);
  for (const [i, index] of indices.entries()) {
    bytes.set(whole.subarray(index * WIDTH * 3, index * WIDTH * 3 + rows), i * rows);
  }
  return imageTensor(bytes, [indices.length, HEIGHT, WIDTH, 3]);
}

function valuesOf(make: () => tf.Tensor4D): Float32Array {
  const tensor = make();
  const values = Float32Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}

function augmented(indices: readonly number[], recipe = everything, options = OPTIONS): Float32Array {
  return valuesOf(() => {
    const images = batchOf(indices);
    const views = augmentBatch(images, recipe, { ...options, indices });
    images.dispose();
    return views;
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

/** Tests what a batch has to do, on one engine. */
export function describeBatches(backend: BackendName): void {
  const all = Array.from({ length: N }, (_, i) => i);

  beforeAll(async () => {
    await useBackend(backend, { log: () => undefined });
  }, 600_000);

  describe('augmentBatch', () => {
    test('gives normalised views and leaks nothing', () => {
      const images = batchOf(all);
      const before = tf.memory().numTensors;
      const views = augmentBatch(images, everything, { ...OPTIONS, indices: Int32Array.from(all) });
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(views.shape).toEqual([N, 16, 16, 3]);
      expect(views.dtype).toBe('float32');
      expect(images.isDisposed).toBe(false);
      const { mean, std } = everything.normalize;
      const pixels = views.dataSync();
      for (let i = 0; i < pixels.length; i++) {
        const value = pixels[i]! * std[i % 3]! + mean[i % 3]!;
        if (!(value > -1e-4 && value < 1 + 1e-4)) throw new Error(`pixel ${i} is ${value}`);
      }
      tf.dispose([images, views]);
    });

    test('an image has the same view whatever the batch that it is in', () => {
      const together = augmented(all);
      const size = 16 * 16 * 3;
      for (const some of [[5], [17, 5], all.toReversed()]) {
        const views = augmented(some);
        for (const [i, index] of some.entries()) {
          const own = views.subarray(i * size, (i + 1) * size);
          expect(largestDifference(own, together.subarray(index * size, (index + 1) * size))).toBeLessThan(
            1e-5,
          );
        }
      }
    });

    test('the same again bit by bit; another seed, epoch or view is another one', () => {
      const views = augmented(all);
      expect(augmented(all)).toEqual(views);
      for (const other of [{ seed: 5 }, { epoch: 4 }, { view: 0 }]) {
        expect(
          largestDifference(augmented(all, everything, { ...OPTIONS, ...other }), views),
        ).toBeGreaterThan(0.1);
      }
    });

    test('each image can have a view of its own: that of a call with this view', () => {
      const view = Int32Array.from(all, (i) => (i * 5) % 4);
      const images = batchOf(all);
      const size = 16 * 16 * 3;
      // The crops of augmentBatch, on which augmentCrops goes on.
      const crops = tf.tidy(() =>
        tf.round(tf.mul(tf.randomUniform([N, 16, 16, 3], 0, 1, 'float32', 3), 255)),
      );
      for (const [augment, given] of [
        [augmentBatch, images],
        [augmentCrops, crops],
      ] as const) {
        const viewsOf = (which: number | ArrayLike<number>) =>
          valuesOf(() =>
            augment(given as tf.Tensor4D, everything, { ...OPTIONS, indices: all, view: which }),
          );
        const before = tf.memory().numTensors;
        const each = viewsOf(view);
        expect(viewsOf([...view])).toEqual(each);
        const separate = [0, 1, 2, 3].map(viewsOf);
        expect(tf.memory().numTensors).toBe(before);
        for (const [i, own] of view.entries()) {
          const part = (values: Float32Array) => values.subarray(i * size, (i + 1) * size);
          expect(largestDifference(part(each), part(separate[own]!))).toBeLessThan(1e-5);
          expect(largestDifference(part(each), part(separate[(own + 1) % 4]!))).toBeGreaterThan(1e-3);
        }
        expect(viewsOf(new Int32Array(N).fill(2))).toEqual(separate[2]);
      }
      tf.dispose([images, crops]);
    });

    test('int32 images are as good as float32', () => {
      const images = batchOf(all);
      const whole = tf.cast(images, 'int32');
      const [a, b] = [images, whole].map((each) =>
        valuesOf(() => augmentBatch(each, everything, { ...OPTIONS, indices: all })),
      ) as [Float32Array, Float32Array];
      expect(b).toEqual(a);
      tf.dispose([images, whole]);
    });

    test('without any step but the crop of the whole, an image is itself', () => {
      const { normalize } = recipes.cifar();
      const recipe: AugmentationRecipe = {
        randomResizedCrop: { size: 32, scale: [1, 1], ratio: [1, 1] },
        normalize,
      };
      const bytes = picture(32, 32);
      const images = imageTensor(bytes, [1, 32, 32, 3]);
      const views = valuesOf(() => augmentBatch(images, recipe, { ...OPTIONS, indices: [0] }));
      images.dispose();
      const expected = Float32Array.from(bytes, (value, i) => {
        return (value / 255 - normalize.mean[i % 3]!) / normalize.std[i % 3]!;
      });
      expect(largestDifference(views, expected)).toBeLessThan(1e-5);
    });

    test('a certain flip mirrors, and gray before the jitter stays gray', () => {
      const { normalize } = recipes.cifar();
      const plain: AugmentationRecipe = { randomResizedCrop: { size: 16 }, normalize };
      const straight = augmented(all, plain);
      const mirrored = augmented(all, { ...plain, flip: { probability: 1 } });
      const back = tf.tidy(
        () => tf.reverse(tf.tensor4d(mirrored, [N, 16, 16, 3]), 2).dataSync() as Float32Array,
      );
      expect(largestDifference(back, straight)).toBeLessThan(1e-5);

      const gray = augmented(all, {
        ...plain,
        normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
        colorJitter: { probability: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.4 },
        grayscale: { probability: 1, beforeColorJitter: true },
      });
      for (let i = 0; i < gray.length; i += 3) {
        expect(Math.abs(gray[i]! - gray[i + 1]!) + Math.abs(gray[i]! - gray[i + 2]!)).toBeLessThan(1e-5);
      }
    });

    test('a batch too large to be worked on at once comes out the same', () => {
      // 16 images of 224 pixels are more than a chunk.
      const recipe = recipes.cifar({ size: 224 });
      const indices = Array.from({ length: 16 }, (_, i) => i);
      const images = batchOf(indices);
      const before = tf.memory().numTensors;
      const views = augmentBatch(images, recipe, { ...OPTIONS, indices });
      const last = tf.tidy(() => {
        const alone = augmentBatch(tf.slice(images, 15, 1), recipe, { ...OPTIONS, indices: [15] });
        return tf.max(tf.abs(tf.sub(alone, tf.slice(views, 15, 1)))).dataSync()[0]!;
      });
      expect(last).toBeLessThan(1e-5);
      expect(tf.memory().numTensors).toBe(before + 1);
      tf.dispose([images, views]);
    });
  });

  describe('augmentCrops', () => {
    test('goes on where the crop of augmentBatch ends', () => {
      const images = batchOf(all);
      const justCrops: AugmentationRecipe = {
        randomResizedCrop: everything.randomResizedCrop,
        ...(everything.flip && { flip: everything.flip }),
        normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
      };
      const before = tf.memory().numTensors;
      const cropped = augmentBatch(images, justCrops, { ...OPTIONS, indices: all });
      const crops = tf.mul<tf.Tensor4D>(cropped, 255);
      const views = valuesOf(() => augmentCrops(crops, everything, { ...OPTIONS, indices: all }));
      tf.dispose([cropped, crops]);
      expect(tf.memory().numTensors).toBe(before);
      images.dispose();
      // A pixel at the threshold of solarize may fall on either side of it.
      const together = augmented(all);
      const differing = views.filter((value, i) => Math.abs(value - together[i]!) > 1e-4).length;
      expect(differing).toBeLessThan(views.length / 1000);
    });
  });

  describe('plainBatch', () => {
    test('may be of another size than the views: the same as with views of that size', () => {
      const images = tf.randomUniform<tf.Rank.R4>([2, 12, 14, 3], 0, 255);
      const small = recipes.cifar({ size: 8 });
      const larger = plainBatch(images, { ...small, plain: { resize: 11, size: 10 } });
      const expected = plainBatch(images, { ...recipes.cifar({ size: 10 }), plain: { resize: 11 } });
      expect(larger.shape).toEqual([2, 10, 10, 3]);
      expect(larger.dataSync()).toEqual(expected.dataSync());
      tf.dispose([images, larger, expected]);
    });

    test('only normalises images that have the size already, where the recipe resizes to it', () => {
      const recipe = recipes.cifar();
      const bytes = picture(32, 64).subarray(0, 2 * 32 * 32 * 3);
      const images = imageTensor(bytes, [2, 32, 32, 3]);
      const before = tf.memory().numTensors;
      const plain = plainBatch(images, recipe);
      expect(tf.memory().numTensors).toBe(before + 1);
      const { mean, std } = recipe.normalize;
      const expected = Float32Array.from(bytes, (value, i) => (value / 255 - mean[i % 3]!) / std[i % 3]!);
      expect(largestDifference(plain.dataSync() as Float32Array, expected)).toBeLessThan(1e-5);
      tf.dispose([images, plain]);
    });

    test.each([
      ['mocoV2', 32, 32, recipes.mocoV2({ size: 32 })],
      ['mocoV2', 40, 34, recipes.mocoV2({ size: 32 })],
      ['cifar', 32, 32, recipes.cifar()],
      ['a larger centre', 36, 36, { ...recipes.cifar(), plain: { resize: 40, size: 36 } }],
    ])('an image is the same from memory and from a file: %s, %s x %s', async (_, height, width, recipe) => {
      const bytes = picture(height, width);
      const file = await sharp(bytes, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      const size = recipe.plain?.size ?? 32;
      const [images, crops] = [
        imageTensor(bytes, [1, height, width, 3]),
        imageTensor(await decodePlain(file, recipe), [1, size, size, 3]),
      ];
      const before = tf.memory().numTensors;
      const [inMemory, ofFile] = [plainBatch(images, recipe), plainCrops(crops, recipe)];
      expect(tf.memory().numTensors).toBe(before + 2);
      expect([inMemory.shape, ofFile.shape]).toEqual([
        [1, size, size, 3],
        [1, size, size, 3],
      ]);
      // A file's pixels are rounded to bytes: by half of one, over deviations of 0.2 and more.
      expect(
        largestDifference(inMemory.dataSync() as Float32Array, ofFile.dataSync() as Float32Array),
      ).toBeLessThan(0.51 / 255 / Math.min(...recipe.normalize.std));
      tf.dispose([images, crops, inMemory, ofFile]);
    });

    test('resizes and cuts others', () => {
      const images = batchOf([0, 1]);
      const before = tf.memory().numTensors;
      const plain = plainBatch(images, recipes.mocoV2({ size: 28 }));
      expect(plain.shape).toEqual([2, 28, 28, 3]);
      expect(tf.memory().numTensors).toBe(before + 1);
      tf.dispose([images, plain]);
    });
  });
}
