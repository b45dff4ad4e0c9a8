import * as tf from '@tensorflow/tfjs-core';

import { arranged, changeGroups, inOriginalOrder } from './arrangedRows.js';

/**
 * Blurs images with a Gaussian, each with its own standard deviation: along the columns, then along
 * the rows, as two batched matrix products. The kernel is the density at whole pixels, normalised to a
 * sum of 1; the image is reflected at its border, without repeating the outermost pixel. This is
 * torchvision's `gaussian_blur`; PIL's `GaussianBlur` approximates the same by three box filters.
 *
 * @param planes float32 [N, 3, S, S]; disposed
 * @param sigmas one for each image, in pixels; undefined leaves it as it is
 * @param kernel width of the kernel, odd, at most 2 S - 1
 * @returns the same shape; the caller disposes it
 */
export function gaussianBlur(
  planes: tf.Tensor4D,
  sigmas: readonly (number | undefined)[],
  kernel: number,
): tf.Tensor4D {
  const blurred: number[] = [];
  const kept: number[] = [];
  for (const [image, sigma] of sigmas.entries()) (sigma === undefined ? kept : blurred).push(image);
  if (blurred.length === 0) return planes;
  const batch = changeGroups(arranged(planes), [
    { images: kept, change: (rows) => tf.clone(rows) },
    {
      images: blurred,
      change: (rows, images) =>
        blurAll(
          rows,
          images.map((image) => sigmas[image]!),
          kernel,
        ),
    },
  ]);
  return inOriginalOrder(batch);
}

function blurAll(planes: tf.Tensor4D, sigmas: readonly number[], kernel: number): tf.Tensor4D {
  const [n, channels, size] = planes.shape;
  const weights = new Float32Array(n * size * size);
  for (const [i, sigma] of sigmas.entries()) fillBlurWeights(weights, i * size * size, size, sigma, kernel);
  return tf.tidy(() => {
    const matrices = tf.tensor3d(weights, [n, size, size]);
    const alongRows = tf.matMul(tf.reshape(planes, [n, channels * size, size]), matrices, false, true);
    // One for each channel: TensorFlow.js does not broadcast a batch in its inner axis.
    const perChannel = tf.reshape(tf.tile(matrices, [1, channels, 1]), [n * channels, size, size]);
    const alongBoth = tf.matMul(perChannel, tf.reshape(alongRows, [n * channels, size, size]));
    return tf.reshape(alongBoth, planes.shape);
  });
}

/** Writes the matrix [size, size] that blurs one axis. */
function fillBlurWeights(
  out: Float32Array,
  offset: number,
  size: number,
  sigma: number,
  kernel: number,
): void {
  const reach = (kernel - 1) / 2;
  const taps = Array.from({ length: kernel }, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2));
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < kernel; k++) {
      out[offset + i * size + reflected(i + k - reach, size)]! += taps[k]! / total;
    }
  }
}

/** The pixel that stands at a place up to one image beyond the border. */
function reflected(place: number, size: number): number {
  if (place < 0) return -place;
  return place < size ? place : 2 * (size - 1) - place;
}
