import * as tf from '@tensorflow/tfjs-core';

/** float32 [n, D], rows of length 1, for the caller to dispose; a row of zeros stays one. */
export function normalizedRows(features: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.div<tf.Tensor2D>(features, tf.maximum(tf.norm(features, 2, 1, true), 1e-12)));
}
