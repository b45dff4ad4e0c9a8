import * as tf from '@tensorflow/tfjs-core';

/** A feature that deviates less than this is constant. */
const SMALLEST_DEVIATION = 1e-6;

/**
 * Learns to move each feature to mean 0 and deviation 1; one that never varies becomes 0.
 *
 * @param features float32 [n, D]
 * @returns `apply`, whose result the caller disposes, and `dispose` for what was learned
 */
export function standardization(features: tf.Tensor2D) {
  const [mean, factor] = tf.tidy(() => {
    const { mean, variance } = tf.moments(features, 0, true);
    const deviation = tf.sqrt(variance);
    return [
      mean,
      tf.where(tf.greater(deviation, SMALLEST_DEVIATION), tf.reciprocal(deviation), tf.zerosLike(deviation)),
    ];
  });
  return {
    apply: (given: tf.Tensor2D) => tf.tidy(() => tf.mul<tf.Tensor2D>(tf.sub(given, mean), factor)),
    dispose: () => tf.dispose([mean, factor]),
  };
}
