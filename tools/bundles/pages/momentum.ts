import { randomStream } from '@protocl/core/random';
import { FeatureQueue, MomentumEncoder, splitBatch } from '@protocl/momentum';
import * as tf from '@tensorflow/tfjs-core';

import type { Page } from './page.js';
import { images, ownFeatures, slope } from './slope.js';

export const page: Page = async () => {
  const rng = () => randomStream({ seed: 1, purpose: 'shuffle' });
  const split = slope(
    (x) => tf.sum<tf.Scalar>(tf.pow(splitBatch(x, { splits: 3, rng: rng() }, ownFeatures), 3)),
    images(6, 2),
  );
  const query = [tf.variable(tf.tensor1d([1, 2]))];
  const encoder = new MomentumEncoder(query, { momentum: 0.75 });
  query[0]!.assign(tf.tensor1d([5, 6]));
  encoder.update();
  const queue = new FeatureQueue({ capacity: 4, dimension: 2, seed: 1 });
  queue.push(tf.tensor2d([[0.6, 0.8]]));
  return {
    split,
    average: [encoder.variables[0]!.dataSync()[0]!, 2],
    queued: [queue.tensor().shape[0], 4],
  };
};
