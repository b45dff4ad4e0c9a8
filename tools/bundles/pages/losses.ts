import { infoNCE, ntXent, protoNCE, prototypeNCE } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';

import type { Page } from './page.js';
import { images, ownFeatures, slope } from './slope.js';

const unitRows = (rows: number, seed: number): tf.Tensor2D => {
  const features = tf.randomNormal<tf.Rank.R2>([rows, 6], 0, 1, 'float32', seed);
  return tf.div(features, tf.norm(features, 2, 1, true));
};

export const page: Page = async () => {
  const x = images(5, 2);
  const [key, queue] = [unitRows(5, 4), unitRows(9, 5)];
  const prototypes = {
    centroids: unitRows(3, 6),
    assignments: Int32Array.from([0, 1, 2, 0, 1]),
    concentration: tf.fill<tf.Rank.R1>([3], 0.5),
  };
  const index = [0, 1, 2, 3, 4];
  const temperature = 0.5;
  return {
    infoNCE: slope((given) => infoNCE(ownFeatures(given), key, queue, { temperature }), x),
    ntXent: slope((given) => ntXent(ownFeatures(given), ownFeatures(tf.neg(given)), { temperature }), x),
    prototypeNCE: slope((given) => prototypeNCE(ownFeatures(given), prototypes, index), x),
    protoNCE: slope(
      (given) => protoNCE(ownFeatures(given), key, queue, [prototypes], index, { temperature }),
      x,
    ),
  };
};
