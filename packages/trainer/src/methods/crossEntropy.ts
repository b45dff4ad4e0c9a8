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
  // A label that is out of range gives a row of zeros.
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]);
  const total = tf.sum<tf.Scalar>(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')));
  return tf.div(total, -countOf(labels));
}

/** The share of the images whose likeliest pseudo-label is their own; images of no cluster do not count. */
export function labelAccuracy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return tf.tidy(() => {
    const hits = tf.equal(tf.argMax(logits, 1), tf.tensor1d(labels, 'int32'));
    return tf.div<tf.Scalar>(tf.sum(tf.cast(hits, 'float32')), countOf(labels));
  });
}

/** How many images have a label; 1 where none has, so that nothing is divided by 0. */
function countOf(labels: Int32Array): number {
  return Math.max(1, labels.filter((label) => label !== NO_CLUSTER).length);
}
