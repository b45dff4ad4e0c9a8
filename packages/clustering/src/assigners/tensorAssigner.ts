import { nearestCentroid, nearestCentroidSearch, type NearestCentroids } from '@protocl/backend';

import type { Assigner, Assignment } from './assigner.js';

/** The assigner that computes on the active TensorFlow.js backend. It holds nothing, so closing it does nothing. */
export function tensorAssigner(): Assigner {
  return {
    async assign(points, centroids) {
      return toHost(nearestCentroid(points, centroids));
    },
    over(points) {
      const search = nearestCentroidSearch(points);
      return {
        async assign(centroids) {
          return toHost(search.find(centroids));
        },
        dispose: () => search.dispose(),
      };
    },
    async close() {},
  };
}

async function toHost({ indices, squaredDistances }: NearestCentroids): Promise<Assignment> {
  try {
    const [rows, distances] = await Promise.all([indices.data(), squaredDistances.data()]);
    return { indices: rows as Int32Array, squaredDistances: distances as Float32Array };
  } finally {
    indices.dispose();
    squaredDistances.dispose();
  }
}
