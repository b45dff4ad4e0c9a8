import * as tf from '@tensorflow/tfjs-core';

/** The weights of red, green and blue in the luma: ITU-R 601-2, as in PIL. */
export const luma = [0.299, 0.587, 0.114] as const;

/** Values of a 3 x 3 matrix. */
export const MATRIX_SIZE = 9;

/**
 * Replaces the three channels of every image by weighted sums of them.
 *
 * @param planes float32 [N, 3, H, W]
 * @param matrices N matrices of 3 x 3, row by row: the weights of each new channel
 * @returns the same shape; the caller disposes it
 */
export function mixChannels(planes: tf.Tensor4D, matrices: Float32Array): tf.Tensor4D {
  const [n, channels, height, width] = planes.shape;
  return tf.tidy(() => {
    const flat = tf.reshape(planes, [n, channels, height * width]);
    const mixed = tf.matMul(tf.tensor3d(matrices, [n, channels, channels]), flat);
    return tf.reshape(mixed, planes.shape);
  });
}

/** Writes `amount` times the luma on all channels plus `rest` times the channels themselves. */
export function fillLumaBlend(matrices: Float32Array, image: number, amount: number, rest: number): void {
  const at = image * MATRIX_SIZE;
  for (let to = 0; to < 3; to++) {
    for (let from = 0; from < 3; from++) {
      matrices[at + 3 * to + from] = amount * luma[from]! + (to === from ? rest : 0);
    }
  }
}
