import { availableParallelism } from 'node:os';

import {
  decodePlain,
  imageTensor,
  plainBatch,
  plainCrops,
  type AugmentationRecipe,
  type DecodeOptions,
} from '@protocl/augment';
import * as tf from '@tensorflow/tfjs-core';

import { inParallel } from '../compare/inParallel.js';
import { pipelineError } from '../errors.js';

/** Pixels in memory, 0 .. 255, red, green and blue of each next to each other. */
export interface Pixels<Shape extends readonly number[] = readonly [number, number, number]> {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** [H, W, 3]; [N, H, W, 3] of a batch. */
  readonly shape: Shape;
}

/**
 * An image: the path of a file, the bytes of one (JPEG, PNG, WebP, AVIF, GIF or TIFF), its pixels, or a tensor
 * [H, W, 3] of int32 or float32 in 0 .. 255, which stays the caller's.
 */
export type ImageInput = string | Uint8Array | Pixels | tf.Tensor3D;

/** Images: a list of any kinds and sizes; or many of one size, as pixels or a tensor [N, H, W, 3]. */
export type ImagesInput =
  readonly ImageInput[] | Pixels<readonly [number, number, number, number]> | tf.Tensor4D;

/** How images are prepared. */
export interface PrepareOptions extends Pick<DecodeOptions, 'maxPixels'> {
  readonly recipe: AugmentationRecipe;
}

/** Images in a row, of which some are taken at a time. */
export interface ImageRow {
  readonly count: number;
  /**
   * Prepares those from `start` up to `end`, as evaluation does.
   *
   * @returns float32 [end - start, size, size, 3], for the caller to dispose
   * @throws {ProtoclError} what `@protocl/augment` throws: `IMAGE_NOT_READABLE`, `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`,
   *   `INVALID_SHAPE`
   */
  prepare(start: number, end: number): Promise<tf.Tensor4D>;
}

/**
 * Whatever images were given, as a row.
 *
 * @throws {ProtoclError} `INVALID_OPTION` for what is none
 */
export function imageRow(images: ImagesInput, options: PrepareOptions): ImageRow {
  if (images instanceof tf.Tensor) return rowOfTensor(images, options);
  if (isList(images)) {
    for (const image of images) requireImage(image);
    return { count: images.length, prepare: (start, end) => prepareAll(images.slice(start, end), options) };
  }
  if (!isPixels(images, 4)) {
    throw notImages(images, 'a list of images, { data, shape: [N, H, W, 3] }, or a tensor [N, H, W, 3]');
  }
  const { data, shape } = images;
  const [count, ...rest] = shape;
  const size = data.length / count;
  return {
    count,
    prepare: async (start, end) =>
      withTensor(data.subarray(start * size, end * size), [end - start, ...rest], (pixels) =>
        plainBatch(pixels, options.recipe),
      ),
  };
}

function rowOfTensor(images: tf.Tensor4D, { recipe }: PrepareOptions): ImageRow {
  const [count] = images.shape;
  return {
    count,
    prepare: async (start, end) =>
      tf.tidy(() => plainBatch(tf.slice(images, [start, 0, 0, 0], [end - start, -1, -1, -1]), recipe)),
  };
}

/** Decoding one large image takes as much memory as many small ones, so that a few are decoded at a time. */
async function prepareAll(images: readonly ImageInput[], options: PrepareOptions): Promise<tf.Tensor4D> {
  const prepared: tf.Tensor4D[] = [];
  try {
    await inParallel([...images.entries()], availableParallelism(), async ([at, image]) => {
      prepared[at] = await prepareOne(image, options);
    });
    return tf.concat(prepared, 0);
  } finally {
    tf.dispose(prepared);
  }
}

async function prepareOne(image: ImageInput, { recipe, maxPixels }: PrepareOptions): Promise<tf.Tensor4D> {
  if (image instanceof tf.Tensor) {
    return tf.tidy(() => plainBatch(tf.expandDims<tf.Tensor4D>(image, 0), recipe));
  }
  if (typeof image === 'object' && 'shape' in image) {
    return withTensor(image.data, [1, ...image.shape], (pixels) => plainBatch(pixels, recipe));
  }
  const crop = await decodePlain(image, recipe, maxPixels === undefined ? {} : { maxPixels });
  const side = Math.sqrt(crop.length / 3);
  return withTensor(crop, [1, side, side, 3], (pixels) => plainCrops(pixels, recipe));
}

function withTensor(
  data: Uint8Array | Uint8ClampedArray,
  shape: readonly [number, number, number, number],
  use: (pixels: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const pixels = imageTensor(bytes, shape);
  try {
    return use(pixels);
  } finally {
    pixels.dispose();
  }
}

function isList(images: ImagesInput): images is readonly ImageInput[] {
  return Array.isArray(images);
}

/** A caller without types can pass anything. */
function requireImage(image: unknown): void {
  if (typeof image === 'string' || image instanceof Uint8Array) return;
  if (image instanceof tf.Tensor || isPixels(image, 3)) return;
  const expected =
    'the path or the bytes of an image file, { data, shape: [H, W, 3] }, or a tensor [H, W, 3]';
  throw notImages(image, expected);
}

function isPixels(image: unknown, rank: 3 | 4): boolean {
  if (typeof image !== 'object' || image === null) return false;
  const { data, shape } = image as { readonly data?: unknown; readonly shape?: unknown };
  const isBytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!isBytes || !Array.isArray(shape) || shape.length !== rank) return false;
  return shape.every((length) => Number.isSafeInteger(length) && length > 0);
}

function notImages(given: unknown, expected: string): Error {
  return pipelineError('INVALID_OPTION', { message: 'this cannot be encoded', given, expected });
}
