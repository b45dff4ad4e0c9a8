import * as tf from '@tensorflow/tfjs-core';

import { clusteringError } from './errors.js';

/** Requires a whole number of at least `least`. */
export function requireInteger(what: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw clusteringError('INVALID_OPTION', {
    message: `${what} cannot use this ${name}`,
    given: value,
    expected: `a whole number of at least ${least}`,
  });
}

/** Requires a float32 matrix that is not empty. */
export function requireMatrix(what: string, name: string, tensor: tf.Tensor): void {
  if (tensor.dtype !== 'float32') {
    throw clusteringError('INVALID_DTYPE', {
      message: `${what} computes in float32, and ${name} are of another dtype`,
      given: tensor.dtype,
      expected: 'float32',
      remedy: 'Cast them first: tf.cast(tensor, "float32")',
    });
  }
  if (tensor.rank === 2 && tensor.size > 0) return;
  throw clusteringError('INVALID_SHAPE', {
    message: `${what} cannot use ${name} of this shape`,
    given: `[${tensor.shape.join(', ')}]`,
    expected: 'a matrix with a row for each point, at least one row and one column',
  });
}

/** Requires that a matrix has neither NaN nor Inf, and names the first row that has. */
export async function requireFinite(what: string, name: string, tensor: tf.Tensor2D): Promise<void> {
  // A sum is finite only if all its terms are; a finite matrix whose sum overflows is looked through below.
  const total = tf.tidy(() => tf.sum(tensor));
  const isFinite = Number.isFinite((await total.data())[0]);
  total.dispose();
  if (isFinite) return;
  const values = await tensor.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return;
  const dimension = tensor.shape[1];
  throw clusteringError('NON_FINITE_FEATURES', {
    message: `${what} needs finite ${name}, and row ${Math.floor(at / dimension)} has a value that is not, in column ${at % dimension}`,
    given: values[at],
    expected: 'finite numbers',
    remedy: 'Find out where it comes from: an encoder whose training has diverged gives NaN for every image',
  });
}
