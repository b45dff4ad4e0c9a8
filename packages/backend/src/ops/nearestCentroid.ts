import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { NearestCentroid } from '../kernelNames.js';
import { requireFloat } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/** What {@link nearestCentroid} finds. Both tensors are the caller's to dispose. */
export interface NearestCentroids {
  /** int32 [n], the row of the nearest centroid. */
  readonly indices: Tensor1D;
  /** float32 [n], the squared Euclidean distance to it. */
  readonly squaredDistances: Tensor1D;
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
  requireFloat('nearestCentroid', 'points', points);
  requireFloat('nearestCentroid', 'centroids', centroids);
  const fits = points.rank === 2 && centroids.rank === 2 && points.shape[1] === centroids.shape[1];
  if (!fits || points.shape[1] === 0 || centroids.shape[0] === 0) {
    throw backendError('INVALID_SHAPE', {
      message: 'nearestCentroid cannot compare these',
      given: `points [${points.shape.join(', ')}], centroids [${centroids.shape.join(', ')}]`,
      expected: 'points [n, D] and centroids [k, D] with k and D of at least 1',
    });
  }
  const [indices, squaredDistances] = runFusedKernel(NearestCentroid, { points, centroids }, {}) as [
    Tensor1D,
    Tensor1D,
  ];
  return { indices, squaredDistances };
}
