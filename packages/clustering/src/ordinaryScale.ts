import * as tf from '@tensorflow/tfjs-core';

/** Features whose squares float32 holds, and the sum of some thousands of them. */
const [SMALL, LARGE] = [2 ** -40, 2 ** 50];
/** Powers of two that are their own reciprocals in float32. */
const MOST_EXPONENT = 126;

/**
 * The power of two that brings the largest value near 1 where squares of features overflow or vanish; 1 for all others.
 * It changes no digit: distances between features times it keep their proportions.
 *
 * @param features float32 [n, D], finite; stays the caller's
 */
export async function ordinaryScale(features: tf.Tensor2D): Promise<number> {
  const [least, most] = [tf.min(features), tf.max(features)];
  const [[low], [high]] = await Promise.all([least.data(), most.data()]);
  tf.dispose([least, most]);
  const size = Math.max(-low!, high!);
  if (size === 0 || (size > SMALL && size < LARGE)) return 1;
  return 2 ** -Math.max(-MOST_EXPONENT, Math.min(MOST_EXPONENT, Math.round(Math.log2(size))));
}
