import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from '../errors.js';
import { eventLoopTurn } from '../eventLoopTurn.js';
import type { TrainingSource } from '../source.js';

/** Features of a data set, in its order. */
export interface DatasetFeatures {
  /** float32 [m, D]; the caller disposes it. */
  readonly features: tf.Tensor2D;
  /** [m]: the image of each row. m is less than n where images could not be read. */
  readonly images: Int32Array;
}

/**
 * The features of all images, batch by batch, so that no more than the features themselves are held.
 *
 * @param encode images [N, H, W, C] to features [N, D]
 * @throws {ProtoclError} `INVALID_BATCH` if an image comes twice, or is none of the data set, or none comes
 */
export async function datasetFeatures(
  source: TrainingSource,
  encode: (images: tf.Tensor4D) => tf.Tensor2D,
  signal?: AbortSignal,
): Promise<DatasetFeatures> {
  const { size } = source;
  const isKnown = new Uint8Array(size);
  let all = new Float32Array(0);
  let dimension = 0;
  for await (const { images, indices } of source.plain()) {
    const [rows, values] = await encoded(images, encode);
    // Lets whoever would abort have a turn.
    await eventLoopTurn();
    signal?.throwIfAborted();
    if (rows !== indices.length) throw unexpected(`${rows} images and ${indices.length} indices`, size);
    dimension = values.length / rows;
    if (all.length === 0) all = new Float32Array(size * dimension);
    for (const [row, image] of indices.entries()) {
      if (isKnown[image] !== 0) throw unexpected(`index ${image}`, size);
      isKnown[image] = 1;
      all.set(values.subarray(row * dimension, (row + 1) * dimension), image * dimension);
    }
  }
  const images = Int32Array.from(isKnown.keys()).filter((image) => isKnown[image] === 1);
  if (images.length === 0) throw unexpected('no image', size);
  // Rows of images that are missing close up.
  for (const [row, image] of images.entries()) {
    all.copyWithin(row * dimension, image * dimension, (image + 1) * dimension);
  }
  const features = tf.tensor2d(all.subarray(0, images.length * dimension), [images.length, dimension]);
  return { features, images };
}

/** The number of images and their features on the host; the images are disposed. */
async function encoded(
  images: tf.Tensor4D,
  encode: (images: tf.Tensor4D) => tf.Tensor2D,
): Promise<[number, Float32Array]> {
  let batch: tf.Tensor2D;
  try {
    batch = tf.tidy(() => encode(images));
  } finally {
    images.dispose();
  }
  const values = await batch.data<'float32'>();
  batch.dispose();
  return [batch.shape[0], values];
}

function unexpected(given: string, size: number): Error {
  return trainerError('INVALID_BATCH', {
    message: 'the plain images of the source are not those of its data set',
    given,
    expected: `each index of 0 .. ${size - 1} at most once, and one for each image`,
  });
}
