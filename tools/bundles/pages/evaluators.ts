import { fineTune, knnAccuracy, linearProbe, tsne } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import type { Page } from './page.js';
import { images as rows, ownFeatures } from './slope.js';

/** Features of two classes that nobody mistakes. */
function drawn(count: number, seed: number): { features: tf.Tensor2D; labels: Int32Array } {
  const labels = Int32Array.from({ length: count }, (_, image) => image % 2);
  const features = tf.tidy(() => {
    const noise = tf.randomNormal<tf.Rank.R2>([count, 4], 0, 0.3, 'float32', seed);
    return tf.add<tf.Tensor2D>(
      noise,
      tf.tensor2d(
        [...labels].map((label) => 3 * label - 1),
        [count, 1],
      ),
    );
  });
  return { features, labels };
}

/** Own layers, which run before any op of the package. */
async function fineTuned(): Promise<readonly [string, string]> {
  const bend = tf.variable(tf.scalar(0.7));
  const encoder = {
    variables: { bend },
    forward: (images: tf.Tensor4D) =>
      tf.tidy(() => ownFeatures(tf.mul(tf.reshape<tf.Rank.R2>(images, [images.shape[0], 16]), bend))),
  };
  const labels = Int32Array.from([0, 1, 0, 1, 0, 1]);
  async function* batches() {
    yield { images: tf.reshape<tf.Rank.R4>(rows(6, 4), [6, 4, 4, 1]), labels };
  }
  const options = { epochs: 2, encoderLearningRate: 0.5 };
  await fineTune(encoder, { views: batches, heldOut: batches, classes: 2 }, options);
  return [String(Math.abs(bend.dataSync()[0]! - 0.7) > 1e-6), 'true'];
}

export const page: Page = async () => {
  const encoderHasChanged = await fineTuned();
  const [train, test] = [drawn(40, 1), drawn(20, 2)];
  const knn = await knnAccuracy(train, test, { k: 5 });
  const linear = await linearProbe(train, test, {});
  const { embedding } = await tsne(train.features, { perplexity: 5, iterations: 60, seed: 1 });
  return {
    encoderHasChanged,
    knn: [Object.values(knn.scores)[0]!, 1],
    linear: [linear.scores.accuracy, 1],
    embedded: [embedding.filter((value) => Number.isFinite(value)).length, 80],
  };
};
