import * as tf from '@tensorflow/tfjs-core';

/** How far to each side of a value a difference is taken. */
const STEP = 0.01;

/**
 * The gradient of a function of a matrix along a direction: as TensorFlow.js has it, and as a difference.
 *
 * @param f returns a scalar
 * @param at float32 [N, D]
 */
export function slope(f: (x: tf.Tensor2D) => tf.Scalar, at: tf.Tensor2D): readonly [number, number] {
  return tf.tidy(() => {
    const direction = tf.randomNormal<tf.Rank.R2>(at.shape, 0, 1, 'float32', 3);
    const gradient = tf.grad((x) => f(x as tf.Tensor2D))(at);
    const value = (share: number): number => f(tf.add(at, tf.mul(direction, share))).dataSync()[0]!;
    const along = tf.sum(tf.mul(gradient, direction)).dataSync()[0]!;
    return [along, (value(STEP) - value(-STEP)) / (2 * STEP)] as [number, number];
  });
}

/** Own layers in front of a package's functions, of ops that only the program itself calls. */
export function ownFeatures(x: tf.Tensor2D): tf.Tensor2D {
  const images = tf.reshape<tf.Rank.R4>(x, [x.shape[0], 4, 4, 1]);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 1, 6], 0, 0.5, 'float32', 1);
  const rows = tf.mean<tf.Tensor2D>(tf.elu(tf.conv2d(images, filter, 1, 'same')), [1, 2]);
  const shuffled = tf.gather(rows, tf.tensor1d([...Array(x.shape[0]).keys()].reverse(), 'int32'));
  return tf.div(shuffled, tf.norm(shuffled, 2, 1, true));
}

/** float32 [N, 16], for {@link ownFeatures}. */
export function images(count: number, seed: number): tf.Tensor2D {
  return tf.randomNormal<tf.Rank.R2>([count, 16], 0, 1, 'float32', seed);
}
