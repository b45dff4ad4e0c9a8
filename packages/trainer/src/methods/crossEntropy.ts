import * as tf from '@tensorflow/tfjs-core';

import { NO_CLUSTER } from './prototypes.js';

/**
 * Mean cross-entropy of pseudo-labels; images of no cluster do not count.
 *
 * @param logits float32 [N, k]
 * @param labels int32 [N]
 * @returns a scalar of the caller's tidy
 */
export function meanCrossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const counted = labels.filter((label) => label !== NO_CLUSTER).length;
  // A label that is out of range gives a row of zeros.
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]);
  const total = tf.sum<tf.Scalar>(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')));
  return tf.div(total, -Math.max(1, counted));
}

/** The share of the images whose likeliest pseudo-label is their own. */
export function labelAccuracy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return tf.tidy(() => {
    const hits = tf.equal(tf.argMax(logits, 1), tf.tensor1d(labels, 'int32'));
    return tf.mean<tf.Scalar>(tf.cast(hits, 'float32'));
  });
}
