import { adjustedRandIndex, buildPrototypes, kmeans, principalComponents } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { codeOf, isInNode, type Page } from './page.js';

export const page: Page = async () => {
  // Two heaps of directions, far apart.
  const truth = Int32Array.from({ length: 40 }, (_, point) => point % 2);
  const features = tf.tidy(() => {
    const noise = tf.randomNormal<tf.Rank.R2>([40, 3], 0, 0.01, 'float32', 1);
    const heaps = tf.tensor2d(
      [...truth].flatMap((side) => [side, 0, 1 - side]),
      [40, 3],
    );
    const rows = tf.add<tf.Tensor2D>(noise, heaps);
    return tf.div<tf.Tensor2D>(rows, tf.norm(rows, 2, 1, true));
  });
  const { assignments, centroids } = await kmeans(features, { k: 2, seed: 1 });
  const [prototypes] = await buildPrototypes(features, { granularities: [2], seed: 1, temperature: 0.2 });
  const { components } = await principalComponents(features, { dimensions: 1 });
  return {
    found: [adjustedRandIndex(assignments, truth), 1],
    centroids: [centroids.shape[0], 2],
    prototypes: [adjustedRandIndex(prototypes!.assignments, truth), 1],
    axis: [Math.abs(components.dataSync()[0]!), Math.SQRT1_2],
    // What needs a process of its own says so.
    ...(!isInNode() && {
      refused: [
        await codeOf(kmeans(features, { k: 2, seed: 1, assigner: 'faiss-node' })),
        'FAISS_NODE_UNAVAILABLE',
      ],
    }),
  };
};
