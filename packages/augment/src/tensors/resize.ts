import * as tf from '@tensorflow/tfjs-core';

import type { ImageResampling } from '../cropResampling.js';
import { resamplingTaps, type Resampling } from '../resampling/resamplingTaps.js';

/**
 * Cuts and resizes every image of a batch in its own way: two batched matrix products, exact on
 * every engine and as quick as its matrix product.
 *
 * @param images [N, H, W, 3] in 0 .. 255, int32 or float32
 * @param resamplings one for each image; all want `size` pixels
 * @param size height and width of the result
 * @returns float32 [N, 3, size, size] in 0 .. 1; the caller disposes it
 */
export function resize(
  images: tf.Tensor4D,
  resamplings: readonly ImageResampling[],
  size: number,
): tf.Tensor4D {
  const [n, height, width, channels] = images.shape;
  const rowWeights = new Float32Array(n * size * height);
  const columnWeights = new Float32Array(n * size * width);
  for (const [i, { rows, columns }] of resamplings.entries()) {
    // The pixels come to lie in 0 .. 1 on the way.
    fillMatrix(rowWeights, i * size * height, height, rows, 1 / 255);
    fillMatrix(columnWeights, i * size * width, width, columns, 1);
  }
  return tf.tidy(() => {
    const pixels = tf.reshape(tf.cast(images, 'float32'), [n, height, width * channels]);
    const fewerRows = tf.matMul(tf.tensor3d(rowWeights, [n, size, height]), pixels);
    const planes = tf.transpose(tf.reshape(fewerRows, [n, size, width, channels]), [0, 3, 1, 2]);
    const resized = tf.matMul(
      tf.reshape(planes, [n, channels * size, width]),
      tf.tensor3d(columnWeights, [n, size, width]),
      false,
      true,
    );
    return tf.reshape(resized, [n, channels, size, size]);
  });
}

/** Writes the matrix [wanted, length of the axis] whose product with the axis resizes it. */
function fillMatrix(
  matrices: Float32Array,
  offset: number,
  axis: number,
  resampling: Resampling,
  gain: number,
): void {
  const { taps, firsts, weights } = resamplingTaps(resampling);
  for (const [i, first] of firsts.entries()) {
    const row = offset + i * axis + first;
    for (let k = 0; k < taps; k++) matrices[row + k] = gain * weights[i * taps + k]!;
  }
}
