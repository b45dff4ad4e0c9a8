import type * as tf from '@tensorflow/tfjs-core';

import { augmentError } from './errors.js';

/** Channels of every image here. */
export const CHANNELS = 3;

/**
 * @throws AugmentError `INVALID_SHAPE` unless the tensor is a non-empty batch of RGB images, of the
 *   given side where one is given
 */
export function requireImages(images: tf.Tensor4D, side?: number): void {
  const { shape, rank } = images;
  const isBatch = rank === 4 && shape[3] === CHANNELS && images.size > 0;
  if (isBatch && (side === undefined || (shape[1] === side && shape[2] === side))) return;
  throw augmentError('INVALID_SHAPE', {
    message: 'these are not the images that the recipe is for',
    given: shape,
    expected: side === undefined ? '[N, H, W, 3]' : `[N, ${side}, ${side}, 3]`,
    remedy: 'Pass RGB images with the channels last; gray ones with their channel three times',
  });
}

/** @throws AugmentError `INVALID_SHAPE` unless there is one index for each image */
export function requireIndices(images: tf.Tensor4D, indices: ArrayLike<number>): void {
  if (indices.length === images.shape[0]) return;
  throw augmentError('INVALID_SHAPE', {
    message: 'the draws of an image need its index in the data set',
    given: `${indices.length} indices for ${images.shape[0]} images`,
    expected: 'one index for each image',
  });
}

/** @throws AugmentError `INVALID_OPTION` unless the number is a whole one in the range */
export function requireCount(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw augmentError('INVALID_OPTION', {
    message: `${name} is out of range`,
    given: value,
    expected: `a whole number in ${lowest} .. ${highest}`,
  });
}
