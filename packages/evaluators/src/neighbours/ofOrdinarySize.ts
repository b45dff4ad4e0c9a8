import { ordinaryScale } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Features whose squares overflow or vanish, times a power of two that brings the largest value near 1: distances
 * between them keep their proportions, to the last digit. All others stay as they are.
 *
 * @param features float32 [n, D], finite
 * @returns float32 [n, D], for the caller to dispose
 */
export async function ofOrdinarySize(features: tf.Tensor2D): Promise<tf.Tensor2D> {
  const scale = await ordinaryScale(features);
  return scale === 1 ? tf.clone(features) : tf.mul(features, scale);
}
