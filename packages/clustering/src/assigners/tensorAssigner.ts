import { nearestCentroid } from '@protocl/backend';

import type { Assigner } from './assigner.js';

/** The assigner that computes on the active TensorFlow.js backend. It holds nothing, so closing it does nothing. */
export function tensorAssigner(): Assigner {
  return {
    async assign(points, centroids) {
      const { indices, squaredDistances } = nearestCentroid(points, centroids);
      try {
        const [rows, distances] = await Promise.all([indices.data(), squaredDistances.data()]);
        return { indices: rows as Int32Array, squaredDistances: distances as Float32Array };
      } finally {
        indices.dispose();
        squaredDistances.dispose();
      }
    },
    async close() {},
  };
}
