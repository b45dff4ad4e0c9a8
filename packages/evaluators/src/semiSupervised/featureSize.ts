import * as tf from '@tensorflow/tfjs-core';

import { emptySplit } from '../checks.js';
import { disposeBatch, type FrozenEncoder, type LabelledSplits } from './images.js';

/**
 * How long the encoder's features are, from the first held-out batch.
 *
 * @throws {EvaluatorError} `EMPTY_SPLIT` if there is none, before any time is spent on training
 */
export async function featureSize(
  what: string,
  encoder: FrozenEncoder,
  { heldOut }: Pick<LabelledSplits, 'heldOut'>,
): Promise<number> {
  for await (const batch of heldOut()) {
    try {
      const features = tf.tidy(() => encoder.forward(batch.images, { training: false }));
      features.dispose();
      return features.shape[1];
    } finally {
      disposeBatch(batch);
    }
  }
  throw emptySplit(what, 'held-out images');
}
