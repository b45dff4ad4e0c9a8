import * as tf from '@tensorflow/tfjs-core';

import type { ResolvedRecipe } from '../recipe.js';

/**
 * Puts the channels apart, in which form most steps are quicker, and the values into 0 .. 1.
 *
 * @param images [N, H, W, 3] in 0 .. 255, int32 or float32
 * @returns float32 [N, 3, H, W]; the caller disposes it
 */
export function toPlanes(images: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.mul(tf.transpose(tf.cast(images, 'float32'), [0, 3, 1, 2]), 1 / 255));
}

/**
 * Normalises and puts the channels back.
 *
 * @param planes float32 [N, 3, H, W] in 0 .. 1; disposed
 * @returns float32 [N, H, W, 3]; the caller disposes it
 */
export function toNormalizedImages(
  planes: tf.Tensor4D,
  { mean, std }: ResolvedRecipe['normalize'],
): tf.Tensor4D {
  const images = tf.tidy(() => {
    const perChannel = (values: number[]): tf.Tensor4D => tf.tensor4d(values, [1, 3, 1, 1]);
    const scaled = tf.mul(planes, perChannel(std.map((each) => 1 / each)));
    const shifted = tf.sub<tf.Tensor4D>(
      scaled,
      perChannel(mean.map((each, channel) => each / std[channel]!)),
    );
    return tf.transpose(shifted, [0, 2, 3, 1]);
  });
  planes.dispose();
  return images;
}
