import { batchNorm, useBackend } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { codeOf, isInNode, type Page } from './page.js';
import { images, ownFeatures, slope } from './slope.js';

export const page: Page = async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const gradient = slope(
    (x) => {
      const features = tf.reshape<tf.Rank.R4>(ownFeatures(x), [-1, 1, 1, 6]);
      const statistics = { movingMean: tf.zeros<tf.Rank.R1>([6]), movingVariance: tf.ones<tf.Rank.R1>([6]) };
      const affine = { scale: tf.ones<tf.Rank.R1>([6]), offset: tf.zeros<tf.Rank.R1>([6]) };
      return tf.sum<tf.Scalar>(tf.pow(batchNorm(features, { ...affine, ...statistics, training: false }), 3));
    },
    images(5, 2),
  );
  if (isInNode()) return { gradient };
  const active = tf.getBackend();
  const found = await useBackend('auto', { log });
  return {
    gradient,
    found: [found.tfjsName, active],
    rejected: [found.rejected.length, 0],
    told: [
      lines.join('\n'),
      `backend ${found.name} on ${found.device}: the best of those that are registered`,
    ],
    missing: [await codeOf(useBackend('torch', { log })), 'BACKEND_UNAVAILABLE'],
  };
};
