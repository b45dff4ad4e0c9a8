import * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from '../errors.js';

/** Values whose squares, and sums of many of them, are within float32. */
const [SMALL, LARGE] = [2 ** -30, 2 ** 30];
/** Exponents of float32, with room for a sum. */
const MOST_EXPONENT = 120;
/** Below this float32 has fewer digits, or none: such a feature counts as constant. */
const LEAST = 2 ** -126;
/** A feature that deviates less, beside its mean, is constant: what is left is float32's rounding. */
const RESOLUTION = 2 ** -22;

/**
 * Learns to move each feature to mean 0 and deviation 1, whatever its scale; one that never varies becomes 0.
 *
 * @param features float32 [n, D]
 * @throws {EvaluatorError} `NON_FINITE_FEATURES` if features vary, but all below the range of float32
 * @returns `apply`, whose result the caller disposes, and `dispose` for what was learned
 */
export async function standardization(features: tf.Tensor2D) {
  const [least, most] = [tf.min(features, 0), tf.max(features, 0)];
  const [lows, highs] = await Promise.all([least.data<'float32'>(), most.data<'float32'>()]);
  tf.dispose([least, most]);
  const scales = Float32Array.from(lows, (low, d) => scaleFor(Math.max(-low, highs[d]!)));
  // The mean of equal values can be a rounding away from them, by more the more they are.
  const varies = Float32Array.from(lows, (low, d) =>
    low === highs[d] || Math.max(-low, highs[d]!) < LEAST ? 0 : 1,
  );
  if (!varies.includes(1)) requireAlike(lows, highs);
  const isOrdinary = scales.every((scale) => scale === 1);
  const { scale, mean, factor } = tf.tidy(() => {
    const toOrdinary = tf.tensor2d(scales, [1, scales.length]);
    const moments = tf.moments(isOrdinary ? features : tf.mul(features, toOrdinary), 0, true);
    const deviation = tf.sqrt(moments.variance);
    const isMore = tf.greater(deviation, tf.mul(tf.abs(moments.mean), RESOLUTION));
    const factors = tf.where(isMore, tf.reciprocal(deviation), tf.zerosLike(deviation));
    return {
      scale: toOrdinary,
      mean: moments.mean,
      factor: tf.mul(factors, tf.tensor2d(varies, toOrdinary.shape)),
    };
  });
  return {
    apply: (given: tf.Tensor2D) =>
      tf.tidy(() => {
        const rows = isOrdinary ? given : tf.mul(given, scale);
        return tf.mul<tf.Tensor2D>(tf.sub(rows, mean), factor);
      }),
    dispose: () => tf.dispose([scale, mean, factor]),
  };
}

/** A power of two, which changes no digit, that brings a feature near 1; 1 where it is no need. */
function scaleFor(largest: number): number {
  if (largest === 0 || (largest > SMALL && largest < LARGE)) return 1;
  return 2 ** -Math.min(MOST_EXPONENT, Math.max(-MOST_EXPONENT, Math.round(Math.log2(largest))));
}

function requireAlike(lows: Float32Array, highs: Float32Array): void {
  const at = lows.findIndex((low, d) => low !== highs[d]);
  if (at === -1) return;
  throw evaluatorError('NON_FINITE_FEATURES', {
    message: 'the linear probe and the sweep cannot compute with features that are so small',
    given: `values up to ${Math.max(...highs.map((high, d) => Math.max(high, -lows[d]!)))}`,
    expected: 'values that float32 has all digits of, from 1.2e-38',
    remedy: 'Scale the features up',
  });
}
