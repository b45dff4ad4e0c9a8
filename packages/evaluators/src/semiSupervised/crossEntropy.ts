import * as tf from '@tensorflow/tfjs-core';

/**
 * The mean over a batch of the negative logarithm of the softmax at the class of each sample.
 *
 * @param logits float32 [N, k]
 * @param labels int32 [N], in 0 .. k-1
 * @returns a scalar that the caller disposes; differentiable in `logits`
 */
export function crossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return tf.tidy(() => {
    const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]);
    return tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(targets, logits);
  });
}
