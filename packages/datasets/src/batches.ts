import { randomStream } from '@protocl/core';

import { datasetError } from './errors.js';
import type { ImageDataset } from './imageDataset.js';

export interface BatchOptions {
  readonly batchSize: number;
  /** Seed of the order; the same seed and epoch give the same batches. */
  readonly seed: number;
  /** Every epoch has its own order; 0 by default. */
  readonly epoch?: number;
  /** Whether the images come in random order; true by default. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is not full is left out; true by default. */
  readonly dropRemainder?: boolean;
}

/** Some images of a data set. */
export interface ImageBatch {
  /** uint8 [N, H, W, C], a copy. */
  readonly images: Uint8Array;
  /** int32 [N]. */
  readonly labels: Int32Array;
  /** int32 [N]: where the images are in the data set. */
  readonly indices: Int32Array;
  /** [N, H, W, C]. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Goes through a data set once, batch by batch.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if the batch size is not an integer of 1 .. n
 */
export function* batches(
  dataset: ImageDataset,
  options: BatchOptions,
): Generator<ImageBatch, void, undefined> {
  const { batchSize, seed, epoch = 0, shuffle = true, dropRemainder = true } = options;
  const [count, height, width, channels] = dataset.shape;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > count) {
    throw datasetError('INVALID_OPTION', {
      message: 'the batch size does not fit the data set',
      given: batchSize,
      expected: `an integer in 1 .. ${count}`,
      remedy: 'Pass another batchSize',
    });
  }
  const order = shuffle
    ? randomStream({ seed, purpose: 'shuffle', epoch }).permutation(count)
    : Int32Array.from({ length: count }, (_, index) => index);
  const imageSize = height * width * channels;
  const end = dropRemainder ? count - (count % batchSize) : count;
  for (let start = 0; start < end; start += batchSize) {
    const indices = order.slice(start, Math.min(start + batchSize, end));
    const images = new Uint8Array(indices.length * imageSize);
    for (const [position, index] of indices.entries()) {
      const image = dataset.images.subarray(index * imageSize, (index + 1) * imageSize);
      images.set(image, position * imageSize);
    }
    yield {
      images,
      labels: indices.map((index) => dataset.labels[index]!),
      indices,
      shape: [indices.length, height, width, channels],
    };
  }
}
