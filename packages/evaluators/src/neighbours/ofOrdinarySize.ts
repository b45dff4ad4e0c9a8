import * as tf from '@tensorflow/tfjs-core';

/** Features whose squares float32 holds, and the sum of some thousands of them. */
const [SMALL, LARGE] = [2 ** -40, 2 ** 50];
/** Powers of two that are their own reciprocals in float32. */
const MOST_EXPONENT = 126;

/**
 * Features whose squares overflow or vanish, times a power of two that brings the largest value near 1: distances
 * between them keep their proportions, to the last digit. All others stay as they are.
 *
 * @param features float32 [n, D], finite
 * @returns float32 [n, D], for the caller to dispose
 */
export async function ofOrdinarySize(features: tf.Tensor2D): Promise<tf.Tensor2D> {
  const largest = tf.tidy(() => tf.max(tf.abs(features)));
  const [size] = await largest.data<'float32'>();
  largest.dispose();
  if (size === 0 || (size! > SMALL && size! < LARGE)) return tf.clone(features);
  const exponent = Math.max(-MOST_EXPONENT, Math.min(MOST_EXPONENT, Math.round(Math.log2(size!))));
  return tf.mul(features, 2 ** -exponent);
}
