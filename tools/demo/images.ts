import { randomStream } from '@protocl/core';
import type { ImageBatch } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

/** Mean and standard deviation of the channels of CIFAR-10's training images, scaled to 0 .. 1. */
const MEAN = [0.4914, 0.4822, 0.4465];
const DEVIATION = [0.247, 0.2435, 0.2616];

/** How far a crop may move, in pixels. */
const PADDING = 4;

/** Which random choices belong to a batch. */
export interface AugmentationStep {
  readonly seed: number;
  readonly epoch: number;
  readonly step: number;
}

/** float32 [N, H, W, 3] with mean 0 and variance 1 over the training set; the caller disposes it. */
export function normalizedImages({ images, shape }: Pick<ImageBatch, 'images' | 'shape'>): tf.Tensor4D {
  return tf.tidy(() => {
    const scale = tf.tensor1d(DEVIATION.map((deviation) => 1 / (255 * deviation)));
    const offset = tf.tensor1d(MEAN.map((mean, channel) => mean / DEVIATION[channel]!));
    const pixels = tf.tensor4d(Float32Array.from(images), [...shape]);
    return tf.sub(tf.mul(pixels, scale), offset);
  });
}

/**
 * Mirrors half of the images and moves each by up to four pixels, the rest filled with the mean.
 *
 * Both are one lookup: every pixel of the result says which pixel of the padded batch it is.
 *
 * @param images float32 [N, H, W, C]
 * @returns float32 [N, H, W, C]; the caller disposes it
 */
export function augmentedImages(images: tf.Tensor4D, { seed, epoch, step }: AugmentationStep): tf.Tensor4D {
  const [count, height, width, channels] = images.shape;
  const random = randomStream({ seed, purpose: 'augment', epoch, step });
  const moves = random.integers(2 * count, 2 * PADDING + 1);
  const mirrored = random.integers(count, 2);
  const [paddedHeight, paddedWidth] = [height + 2 * PADDING, width + 2 * PADDING];

  const lookup = new Int32Array(count * height * width);
  let position = 0;
  for (let image = 0; image < count; image++) {
    const top = moves[2 * image]!;
    const left = moves[2 * image + 1]!;
    const [first, direction] = mirrored[image] === 1 ? [left + width - 1, -1] : [left, 1];
    for (let y = 0; y < height; y++) {
      const row = (image * paddedHeight + top + y) * paddedWidth + first;
      for (let x = 0; x < width; x++) lookup[position++] = row + direction * x;
    }
  }
  return tf.tidy(() => {
    const sides: [number, number] = [PADDING, PADDING];
    const padded = tf.pad(images, [[0, 0], sides, sides, [0, 0]]);
    const pixels = tf.reshape(padded, [count * paddedHeight * paddedWidth, channels]);
    return tf.reshape(tf.gather(pixels, tf.tensor1d(lookup, 'int32')), images.shape);
  });
}
