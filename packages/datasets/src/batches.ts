import { requireKnownOptions, type OptionNames } from '@protocl/core';

import { epochOrder, repeatsOf, requireFirstStep, stepsOf } from './epochOrder.js';
import type { ImageDataset } from './imageDataset.js';

export interface BatchOptions {
  readonly batchSize: number;
  /** Seed of the order; the same seed and epoch give the same batches. */
  readonly seed: number;
  /** Every epoch has its own order; 0 by default. */
  readonly epoch?: number;
  /** Whether the images come in random order; true by default. */
  readonly shuffle?: boolean;
  /** int32 [n]: the images to go through, one after the other, some perhaps several times; `shuffle` then does nothing. */
  readonly order?: Int32Array;
  /** Whether a last batch that is not full is left out; true by default. */
  readonly dropRemainder?: boolean;
  /** How many batches to leave out, to go on in the middle of an epoch; 0 by default. */
  readonly firstStep?: number;
}

const OPTIONS: OptionNames<BatchOptions> = {
  batchSize: true,
  seed: true,
  epoch: true,
  shuffle: true,
  order: true,
  dropRemainder: true,
  firstStep: true,
};

/** Some images of a data set. */
export interface ImageBatch {
  /** uint8 [N, H, W, C], a copy. */
  readonly images: Uint8Array;
  /** int32 [N]. */
  readonly labels: Int32Array;
  /** int32 [N]: where the images are in the data set. */
  readonly indices: Int32Array;
  /** int32 [N]: how often each image has come before in this epoch; there only for an order that was given. */
  readonly repeats?: Int32Array;
  /** [N, H, W, C]. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Goes through a data set once, batch by batch. A batch is a function of the seed, the epoch and its
 * step, so an epoch that starts at `firstStep` has exactly the batches that it would have had there.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if the batch size is not an integer of 1 .. n, the first step not one
 *   of 0 .. the number of steps, or the order not one of n images
 */
export function* batches(
  dataset: ImageDataset,
  options: BatchOptions,
): Generator<ImageBatch, void, undefined> {
  requireKnownOptions('batches', options, OPTIONS);
  const { batchSize, seed, epoch = 0, shuffle = true, dropRemainder = true, firstStep = 0 } = options;
  const [count, height, width, channels] = dataset.shape;
  const steps = stepsOf(count, batchSize, dropRemainder);
  requireFirstStep(firstStep, steps);
  const order = options.order ?? epochOrder(count, { seed, epoch, shuffle });
  const repeats = options.order && repeatsOf(options.order, count);
  const imageSize = height * width * channels;
  for (let step = firstStep; step < steps; step++) {
    const indices = order.slice(step * batchSize, (step + 1) * batchSize);
    const images = new Uint8Array(indices.length * imageSize);
    for (const [position, index] of indices.entries()) {
      const image = dataset.images.subarray(index * imageSize, (index + 1) * imageSize);
      images.set(image, position * imageSize);
    }
    yield {
      images,
      labels: indices.map((index) => dataset.labels[index]!),
      indices,
      ...(repeats && { repeats: repeats.slice(step * batchSize, (step + 1) * batchSize) }),
      shape: [indices.length, height, width, channels],
    };
  }
}
