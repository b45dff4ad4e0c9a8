import { ensureKernels } from '@protocl/backend';
import { requireKnownOptions } from '@protocl/core/options';
import type { RandomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { momentumError } from './errors.js';

/** How {@link splitBatch} divides a batch. */
export interface SplitBatchOptions {
  /** Into how many sub-batches of equal size; a divisor of N. 1 leaves the batch as it is. */
  readonly splits: number;
  /** Shuffles the batch first; without it the sub-batches are of neighbours. */
  readonly rng?: RandomStream;
}

/**
 * Runs an encoder on sub-batches, each of which batch norm then normalises by itself, as on as many
 * GPUs. With the keys' batch shuffled, a query and its key are normalised together with different
 * images, so that the statistics of a sub-batch do not give away where the key is.
 *
 * Differentiable in whatever `forward` is, and in the images. The result is the caller's to dispose;
 * what `forward` makes besides is disposed here.
 *
 * Source: He et al., "Momentum Contrast", CVPR 2020, section 3.3, "Shuffling BN".
 *
 * @param images [N, ...]; they stay the caller's
 * @param forward maps the images of a sub-batch to features [N / splits, D]; called once for each
 * @returns features [N, D] in the order of the images
 * @throws MomentumError `INVALID_OPTION` where N is not a multiple of `splits`; `INVALID_SHAPE` where
 *   `forward` returns another number of rows than it got
 */
export function splitBatch<Images extends Tensor = Tensor4D>(
  images: Images,
  options: SplitBatchOptions,
  forward: (images: Images) => Tensor2D,
): Tensor2D {
  requireKnownOptions('splitBatch', options, { splits: true, rng: true });
  const { splits, rng } = options;
  const count = images.shape[0] ?? 0;
  requireDivisor(splits, count);
  // For the gradient of `forward`, whatever that is.
  ensureKernels();
  return tf.tidy(() => {
    const encode = (part: Images) => requireRows(forward(part), count / splits);
    if (splits === 1) return encode(images);
    const order = rng?.permutation(count);
    const shuffled = order === undefined ? images : reorderRows(images, order);
    const parts = tf.split<Images>(shuffled, splits, 0);
    const features = tf.concat(
      parts.map((part) => tf.tidy(() => encode(part))),
      0,
    );
    return order === undefined ? features : reorderRows(features, inverse(order));
  });
}

/** Row i of the result is row order[i]; unlike tf.gather's, its gradient adds nothing up. */
function reorderRows<T extends Tensor>(rows: T, order: Int32Array): T {
  const reordered = (tensor: Tensor, by: Int32Array) => tf.gather(tensor as T, tf.tensor1d(by, 'int32'));
  return tf.customGrad<T>((input) => ({
    value: reordered(input as Tensor, order),
    gradFunc: (dy) => reordered(dy, inverse(order)),
  }))(rows);
}

function inverse(order: Int32Array): Int32Array {
  const positions = new Int32Array(order.length);
  order.forEach((row, position) => (positions[row] = position));
  return positions;
}

function requireDivisor(splits: number, count: number): void {
  if (Number.isInteger(splits) && splits >= 1 && count >= 1 && count % splits === 0) return;
  throw momentumError('INVALID_OPTION', {
    message: 'the batch cannot be divided into this many equal parts',
    given: `${splits} splits of ${count} images`,
    expected: 'a whole number that divides the batch size',
    remedy: 'Choose a batch size that is a multiple of splits, and drop a smaller last batch',
  });
}

function requireRows(features: Tensor2D, count: number): Tensor2D {
  if (features.rank === 2 && features.shape[0] === count) return features;
  throw momentumError('INVALID_SHAPE', {
    message: 'forward has to return one row of features for each image of the sub-batch',
    given: features.shape,
    expected: `[${count}, D]`,
  });
}
