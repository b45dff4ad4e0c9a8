import type * as tf from '@tensorflow/tfjs-core';

import { fillLumaBlend, MATRIX_SIZE, mixChannels } from './mixChannels.js';

/**
 * Turns the chosen images gray: every channel becomes the luma.
 *
 * @param planes float32 [N, 3, H, W]
 * @param chosen one for each image
 * @returns the same shape; the caller disposes it
 */
export function grayscale(planes: tf.Tensor4D, chosen: readonly boolean[]): tf.Tensor4D {
  const matrices = new Float32Array(chosen.length * MATRIX_SIZE);
  for (const [i, isGray] of chosen.entries()) fillLumaBlend(matrices, i, isGray ? 1 : 0, isGray ? 0 : 1);
  return mixChannels(planes, matrices);
}
