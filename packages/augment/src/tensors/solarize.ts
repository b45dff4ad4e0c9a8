import * as tf from '@tensorflow/tfjs-core';

/**
 * Inverts the values of at least `threshold` in the chosen images.
 *
 * @param planes float32 [N, 3, H, W] in 0 .. 1
 * @param chosen one for each image
 * @param threshold in 0 .. 1
 * @returns the same shape; the caller disposes it
 */
export function solarize(planes: tf.Tensor4D, chosen: readonly boolean[], threshold: number): tf.Tensor4D {
  return tf.tidy(() => {
    const mask = tf.tensor4d(chosen.map(Number), [chosen.length, 1, 1, 1]);
    const isBright = tf.cast(tf.greaterEqual(planes, threshold), 'float32');
    const change = tf.mul(isBright, tf.sub(1, tf.mul(planes, 2)));
    return tf.add(planes, tf.mul(change, mask));
  });
}
