import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { ClusterSums } from '../kernelNames.js';
import { requireFloat } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/**
 * Adds up the points of each cluster. Not differentiable.
 *
 * @param points float32 [n, D]
 * @param indices int32 [n], the cluster of each point, in 0 .. k-1
 * @param clusters k, at least 1
 * @returns float32 [k, D], zeros for a cluster without points; for the caller to dispose
 * @throws BackendError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not fit
 */
export function clusterSums(points: Tensor2D, indices: Tensor1D, clusters: number): Tensor2D {
  requireFloat('clusterSums', 'points', points);
  if (indices.dtype !== 'int32') {
    throw backendError('INVALID_DTYPE', {
      message: 'clusterSums takes the indices of clusters',
      given: indices.dtype,
      expected: 'int32',
    });
  }
  if (points.rank !== 2 || indices.rank !== 1 || points.shape[0] !== indices.shape[0]) {
    throw backendError('INVALID_SHAPE', {
      message: 'clusterSums takes one index for each point',
      given: `points [${points.shape.join(', ')}], indices [${indices.shape.join(', ')}]`,
      expected: 'points [n, D] and indices [n]',
    });
  }
  if (!Number.isSafeInteger(clusters) || clusters < 1) {
    throw backendError('INVALID_OPTION', {
      message: 'clusterSums needs the number of clusters',
      given: clusters,
      expected: 'a whole number of at least 1',
    });
  }
  return runFusedKernel(ClusterSums, { points, indices }, { clusters }) as Tensor2D;
}
