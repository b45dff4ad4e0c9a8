import { getBackend, getKernel, keep } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { NearestCentroid, NearestCentroidMemory } from '../kernelNames.js';
import { requireFloat } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/** What {@link nearestCentroid} finds. Both tensors are the caller's to dispose. */
export interface NearestCentroids {
  /** int32 [n], the row of the nearest centroid. */
  readonly indices: Tensor1D;
  /** float32 [n], the squared Euclidean distance to it. */
  readonly squaredDistances: Tensor1D;
}

/** Searches the same points again and again, while the centroids move. */
export interface NearestCentroidSearch {
  /**
   * What {@link nearestCentroid} finds, to the bit. The less the centroids have moved since the last call, the less
   * there is to compute.
   *
   * @param centroids float32 [k, D], with k at least 1
   * @throws BackendError `INVALID_SHAPE` or `INVALID_DTYPE` for tensors that do not fit
   */
  find(centroids: Tensor2D): NearestCentroids;
  /** Releases what the search remembers. It can be used again, and begins anew. */
  dispose(): void;
}

/**
 * Finds the nearest centroid of every point, by squared Euclidean distance.
 *
 * Distances are computed from the differences, so they are exact near 0; of equally near centroids
 * the one with the lowest index is taken. Memory stays bounded however many points there are. Not
 * differentiable.
 *
 * @param points float32 [n, D]
 * @param centroids float32 [k, D], with k at least 1
 * @throws BackendError `INVALID_SHAPE` or `INVALID_DTYPE` for tensors that do not fit
 */
export function nearestCentroid(points: Tensor2D, centroids: Tensor2D): NearestCentroids {
  requireFitting('nearestCentroid', points, centroids);
  return run({ points, centroids });
}

/**
 * A search over points that stay the same, such as those of a k-means: from one call to the next it remembers bounds of
 * the distances, where the engine has a use for them. They take at most half as much memory as the points.
 *
 * @param points float32 [n, D], the caller's; not to be disposed before the search
 */
export function nearestCentroidSearch(points: Tensor2D): NearestCentroidSearch {
  let memory: Record<string, Tensor> = {};
  /** Of how many centroids; 0 before the first call. */
  let count = 0;
  const forget = () => {
    Object.values(memory).forEach((tensor) => tensor.dispose());
    memory = {};
    count = 0;
  };
  return {
    find(centroids) {
      requireFitting('nearestCentroidSearch', points, centroids);
      if (count !== centroids.shape[0]) {
        forget();
        memory = makeMemory(points, centroids);
        count = centroids.shape[0];
      }
      return run({ points, centroids, ...memory });
    },
    dispose: forget,
  };
}

function run(inputs: Record<string, Tensor>): NearestCentroids {
  const [indices, squaredDistances] = runFusedKernel(NearestCentroid, inputs, {}) as [Tensor1D, Tensor1D];
  return { indices, squaredDistances };
}

/** Kept beyond the tidy that a search is used in. */
function makeMemory(points: Tensor2D, centroids: Tensor2D): Record<string, Tensor> {
  if (getKernel(NearestCentroidMemory, getBackend()) === undefined) return {};
  const made = runFusedKernel(NearestCentroidMemory, { points, centroids }, {}) as Tensor[];
  const [bounds, previous, before] = made.map((tensor) => keep(tensor));
  return bounds && previous && before ? { bounds, previous, before } : {};
}

function requireFitting(op: string, points: Tensor2D, centroids: Tensor2D): void {
  requireFloat(op, 'points', points);
  requireFloat(op, 'centroids', centroids);
  const fits = points.rank === 2 && centroids.rank === 2 && points.shape[1] === centroids.shape[1];
  if (fits && points.shape[1] !== 0 && centroids.shape[0] !== 0) return;
  throw backendError('INVALID_SHAPE', {
    message: `${op} cannot compare these`,
    given: `points [${points.shape.join(', ')}], centroids [${centroids.shape.join(', ')}]`,
    expected: 'points [n, D] and centroids [k, D] with k and D of at least 1',
  });
}
