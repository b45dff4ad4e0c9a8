import * as tf from '@tensorflow/tfjs-core';

/** Values whose squares float32 holds, and the sum of some thousands of them. */
const [SMALL, LARGE] = [1e-12, 1e16];

/**
 * Divides rows whose squares would overflow or vanish by their largest value, so that they keep their direction; all
 * other rows stay as they are.
 *
 * @param rows float32 [N, D], finite
 * @returns float32 [N, D], for the caller to dispose
 */
export function withinRange(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const largest = tf.max(tf.abs(rows), 1, true);
    const isOrdinary = tf.logicalOr(
      tf.logicalAnd(tf.greater(largest, SMALL), tf.less(largest, LARGE)),
      tf.equal(largest, 0),
    );
    return tf.div<tf.Tensor2D>(rows, tf.where(isOrdinary, tf.onesLike(largest), largest));
  });
}
