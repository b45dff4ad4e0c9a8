import * as tf from '@tensorflow/tfjs-core';

import { emptySplit } from '../checks.js';
import type { FrozenEncoder, LabelledSplits } from './images.js';

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
  for await (const { images } of heldOut()) {
    try {
      const features = tf.tidy(() => encoder.forward(images, { training: false }));
      features.dispose();
      return features.shape[1];
    } finally {
      images.dispose();
    }
  }
  throw emptySplit(what, 'held-out images');
}
