import type { ConfusionView } from '@protocl/report';
import * as tf from '@tensorflow/tfjs-core';

import type { Config } from '../config/schema.js';
import type { NormalizedImages } from './runExtras.js';

/**
 * Which classes weighted k nearest neighbours take for each other, on held-out images; undefined without
 * classes. The weight of a neighbour is exp(cosine / temperature).
 *
 * @param known what is compared with; stays the caller's
 * @param asked the held-out images, which stay the caller's
 */
export async function confusionOf(
  known: NormalizedImages,
  asked: NormalizedImages,
  classNames: readonly string[],
  { evaluation }: Config,
): Promise<ConfusionView | undefined> {
  if (known.labels === undefined || asked.labels === undefined) return undefined;
  const k = Math.min(evaluation.knn.k, known.features.shape[0]);
  const { temperature } = evaluation.knn;
  const classes = classNames.length;
  const labels = known.labels;
  const predicted = tf.tidy(() => {
    const { values, indices } = tf.topk(tf.matMul(asked.features, known.features, false, true), k);
    const votes = tf.oneHot(tf.gather(tf.tensor1d(labels, 'int32'), indices), classes);
    const weights = tf.expandDims(tf.exp(tf.div(tf.sub(values, 1), temperature)), -1);
    return tf.argMax(tf.sum(tf.mul(tf.cast(votes, 'float32'), weights), 1), 1);
  });
  const answers = await predicted.data();
  predicted.dispose();
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [row, answer] of answers.entries()) counts[asked.labels[row]!]![answer]!++;
  return {
    protocol: `kNN of ${known.features.shape[0]} training images, k = ${k}, temperature ${temperature}, features ${evaluation.features}, on ${answers.length} held-out images`,
    classNames,
    counts,
  };
}
