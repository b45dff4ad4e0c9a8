import * as tf from '@tensorflow/tfjs-core';

import { augmentError } from './errors.js';

/**
 * Makes a tensor of images from bytes, such as those of a data set or of `decodeCrops`. (Given a
 * `Uint8Array`, TensorFlow.js would convert it value by value on some engines, which takes longer than
 * the augmentation.)
 *
 * @param bytes uint8, N x H x W x C values
 * @param shape [N, H, W, C]
 * @returns float32 [N, H, W, C] in 0 .. 255; the caller disposes it
 * @throws AugmentError `INVALID_SHAPE` if the bytes do not fill the shape
 */
export function imageTensor(
  bytes: Uint8Array,
  shape: readonly [number, number, number, number],
): tf.Tensor4D {
  if (bytes.length !== shape.reduce((product, size) => product * size, 1)) {
    throw augmentError('INVALID_SHAPE', {
      message: 'the bytes do not fill the images',
      given: `${bytes.length} bytes for [${shape.join(', ')}]`,
      expected: 'N x H x W x C bytes',
    });
  }
  return tf.tensor4d(new Float32Array(bytes), [...shape]);
}
