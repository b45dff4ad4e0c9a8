import * as tf from '@tensorflow/tfjs-core';

/** Rows of length 1. */
export function normalized(features: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    // A row of zeros stays one, with a finite gradient.
    const squares = tf.maximum(tf.sum(tf.square(features), 1, true), 1e-24);
    return tf.mul(features, tf.rsqrt(squares));
  });
}
