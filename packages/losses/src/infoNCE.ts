import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { requireMatrix, requireTemperature } from './checks.js';
import { contrastRows } from './contrastRows.js';
import { meanOfRows } from './meanOfRows.js';

/** What {@link infoNCE} takes besides tensors. */
export interface InfoNCEOptions {
  /** What the similarities are divided by, above 0; 0.1 or 0.2 are usual for normalised features. */
  readonly temperature: number;
}

/**
 * InfoNCE with a queue: how well each query tells its own key from the negatives, as the cross-entropy
 * of a softmax over the key and all negatives, averaged over the batch.
 *
 * Differentiable, once, in `query` only: keys and negatives get no gradient. The features have to be
 * L2-normalised by the caller. The result is the caller's to dispose.
 *
 * Source: He et al., "Momentum Contrast", CVPR 2020, equation 1.
 *
 * @param query float32 [N, D]
 * @param key float32 [N, D], the key of each query
 * @param negatives float32 [K, D], the queue, with K of at least 1
 * @throws LossError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not fit
 */
export function infoNCE(
  query: Tensor2D,
  key: Tensor2D,
  negatives: Tensor2D,
  options: InfoNCEOptions,
): Scalar {
  requireKnownOptions('infoNCE', options, { temperature: true });
  const { temperature } = options;
  requireMatrix('infoNCE', 'query', query, undefined, undefined);
  const [rows, dimension] = query.shape;
  requireMatrix('infoNCE', 'key', key, rows, dimension);
  requireMatrix('infoNCE', 'negatives', negatives, undefined, dimension);
  requireTemperature('infoNCE', temperature);
  return meanOfRows('infoNCE', [query], () => {
    const scaled = tf.mul<Tensor2D>(query, 1 / temperature);
    const positive = tf.sum<Tensor2D>(tf.mul(scaled, key), 1, true);
    const contrast = contrastRows(positive, [tf.matMul(scaled, negatives, false, true)]);
    const { losses, attraction, exponentials, repulsion } = contrast;
    const gradient = () => {
      const away = tf.mul(tf.matMul(exponentials[0] as Tensor2D, negatives), repulsion);
      return tf.mul<Tensor2D>(tf.sub(away, tf.mul(key, attraction)), 1 / temperature);
    };
    return { losses, gradient };
  });
}
