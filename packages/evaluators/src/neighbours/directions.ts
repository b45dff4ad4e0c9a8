import * as tf from '@tensorflow/tfjs-core';

import { withinRange } from './withinRange.js';

/**
 * Where directions are so much alike, by their mean squared distance to their mean, the digits of float32 near 1 tell
 * their cosines no longer apart, as of features with an offset that is large beside their differences.
 */
const ALIKE = 2 ** -6;

/** Features of length 1, from which cosines are products. A feature of zeros stays one: its cosines are 0. */
export function directionsOf(features: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const rows = withinRange(features);
    const lengths = tf.sqrt(tf.sum(tf.square(rows), 1, true));
    return tf.div<tf.Tensor2D>(rows, tf.maximum(lengths, 1e-12));
  });
}

/**
 * What to look from at directions that are alike: their mean, float32 [1, D], for the caller to dispose. Undefined where
 * cosines tell them apart as they are.
 */
export async function centreOfAlike(directions: tf.Tensor2D): Promise<tf.Tensor2D | undefined> {
  const { mean, square } = tf.tidy(() => {
    const middle = tf.mean<tf.Tensor2D>(directions, 0, true);
    return { mean: middle, square: tf.sum(tf.square(middle)) };
  });
  const [length] = await square.data();
  square.dispose();
  if (1 - length! < ALIKE) return mean;
  mean.dispose();
  return undefined;
}

/**
 * Directions as they are seen from a centre, with two further columns, so that the product of one that is `asked` and
 * one that is `known` is their cosine minus 1, with all its digits: half the squared distance of the two, negated, from
 * a'b' - |a'|²/2 - |b'|²/2.
 *
 * @returns float32 [n, D+2], for the caller to dispose
 */
export function aroundCentre(
  directions: tf.Tensor2D,
  centre: tf.Tensor2D,
  side: 'asked' | 'known',
): tf.Tensor2D {
  return tf.tidy(() => {
    const moved = tf.sub<tf.Tensor2D>(directions, centre);
    const isNothing = tf.cast(tf.equal(tf.sum(tf.square(directions), 1, true), 0), 'float32');
    const squares = tf.add(tf.sum(tf.square(moved), 1, true), isNothing);
    const half = tf.mul<tf.Tensor2D>(squares, -0.5);
    const one = tf.onesLike(half);
    return tf.concat2d(side === 'asked' ? [moved, half, one] : [moved, one, half], 1);
  });
}
