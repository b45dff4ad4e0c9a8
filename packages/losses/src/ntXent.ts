import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { requireMatrix, requireTemperature } from './checks.js';
import { EXCLUDED, contrastRows, oneHotRows } from './contrastRows.js';
import { meanOfRows } from './meanOfRows.js';

/** What {@link ntXent} takes besides tensors. */
export interface NtXentOptions {
  /** What the similarities are divided by, above 0. */
  readonly temperature: number;
}

/**
 * NT-Xent: how well each of the 2N views tells its partner from the 2N − 2 views of the other images,
 * averaged over the views.
 *
 * Differentiable, once, in both views. The features have to be L2-normalised by the caller. A single
 * pair has nothing to be told from: its loss is 0. The result is the caller's to dispose.
 *
 * Source: Chen et al., "A Simple Framework for Contrastive Learning", ICML 2020, equation 1 and
 * algorithm 1.
 *
 * @param viewA float32 [N, D]
 * @param viewB float32 [N, D], the other view of the same images
 * @throws LossError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not fit
 */
export function ntXent(viewA: Tensor2D, viewB: Tensor2D, options: NtXentOptions): Scalar {
  requireKnownOptions('ntXent', options, { temperature: true });
  const { temperature } = options;
  requireMatrix('ntXent', 'viewA', viewA, undefined, undefined);
  const [pairs, dimension] = viewA.shape;
  requireMatrix('ntXent', 'viewB', viewB, pairs, dimension);
  requireTemperature('ntXent', temperature);
  return meanOfRows('ntXent', [viewA, viewB], () => {
    const features = tf.concat([viewA, viewB], 0);
    const partners = tf.concat([viewB, viewA], 0);
    const scaled = tf.mul<Tensor2D>(features, 1 / temperature);
    const positive = tf.sum<Tensor2D>(tf.mul(scaled, partners), 1, true);
    const logits = tf.add<Tensor2D>(tf.matMul(scaled, features, false, true), selfAndPartnerExcluded(pairs));
    const { losses, attraction, exponentials, repulsion } = contrastRows(positive, [logits]);
    const gradient = () => {
      // A view is pulled and pushed by its own loss, and as the partner or the negative of others'.
      const weights = tf.mul<Tensor2D>(exponentials[0] as Tensor2D, repulsion);
      const away = tf.add(tf.matMul(weights, features), tf.matMul(weights, features, true));
      const [ofA, ofB] = tf.split(attraction, 2, 0) as [Tensor2D, Tensor2D];
      const mutual = tf.add(ofA, ofB);
      const towards = tf.mul(partners, tf.concat([mutual, mutual], 0));
      return tf.mul<Tensor2D>(tf.sub(away, towards), 1 / temperature);
    };
    return { losses, gradient };
  });
}

/** [2N, 2N], to be added to the logits. */
function selfAndPartnerExcluded(pairs: number): Tensor2D {
  const views = 2 * pairs;
  const self = Int32Array.from({ length: views }, (_, view) => view);
  const partner = self.map((view) => (view + pairs) % views);
  return tf.mul(tf.add(oneHotRows(self, views), oneHotRows(partner, views)), EXCLUDED);
}
