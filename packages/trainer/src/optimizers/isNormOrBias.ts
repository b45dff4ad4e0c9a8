import type * as tf from '@tensorflow/tfjs-core';

/**
 * Whether a variable is a bias, or the scale or offset of a batch norm, by torchvision's names: those
 * have at most one axis, and a layer's own matrix or filter has more.
 */
export function isNormOrBias(name: string, variable: tf.Variable): boolean {
  return variable.rank <= 1 || name.endsWith('.bias');
}
