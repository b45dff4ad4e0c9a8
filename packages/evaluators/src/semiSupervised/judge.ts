import * as tf from '@tensorflow/tfjs-core';

import { emptySplit, nonFinite } from '../checks.js';
import { disposeBatch, readBatch, type LabelledBatch } from './images.js';

/** How many guesses the second score allows, where there are more classes than that. */
const GUESSES = 5;

/**
 * How often the class of an image has the highest logit, or one of the five highest.
 *
 * A class counts as surpassed by all others with as high a logit, so logits that are all the same
 * score 0.
 *
 * @returns `top1`, and `top5` with more than five classes, each 0 .. 1
 * @throws {EvaluatorError} `EMPTY_SPLIT`, `INVALID_LABELS`, `INVALID_SHAPE`, `NON_FINITE_FEATURES`
 */
export async function judge(
  what: string,
  logits: (images: tf.Tensor4D) => tf.Tensor2D,
  { heldOut, classes }: { readonly heldOut: () => AsyncIterable<LabelledBatch>; readonly classes: number },
): Promise<Record<string, number>> {
  let [images, first, amongFive] = [0, 0, 0];
  for await (const batch of heldOut()) {
    let output: tf.Tensor2D | undefined;
    try {
      const { labels } = await readBatch(what, 'held-out images', batch, classes);
      output = tf.tidy(() => logits(batch.images));
      const values = await output.data<'float32'>();
      for (const [row, label] of labels.entries()) {
        const scores = values.subarray(row * classes, (row + 1) * classes);
        const wrong = scores.findIndex((score) => !Number.isFinite(score));
        if (wrong !== -1) throw nonFinite(what, 'logits', row * classes + wrong, values, classes);
        const place = scores.reduce((before, score) => before + Number(score >= scores[label]!), -1);
        first += Number(place < 1);
        amongFive += Number(place < GUESSES);
      }
      images += labels.length;
    } finally {
      disposeBatch(batch);
      output?.dispose();
    }
  }
  if (images === 0) throw emptySplit(what, 'held-out images');
  return { top1: first / images, ...(classes > GUESSES && { top5: amongFive / images }) };
}
