import type { Tensor2D } from '@tensorflow/tfjs-core';

import { requireInteger, requireMatrix } from '../checks.js';
import { clusteringError } from '../errors.js';
import type { KMeansOptions } from './kmeans.js';

/** Requires arguments that {@link kmeans} can work with; the values of the tensors are not looked at. */
export function requireValid(features: Tensor2D, options: KMeansOptions): void {
  const {
    k,
    iterations = 20,
    redo = 5,
    seed,
    minPointsPerCentroid = 10,
    maxPointsPerCentroid = 1000,
    initial,
  } = options;
  requireMatrix('kmeans', 'features', features);
  requireInteger('kmeans', 'k', k, 1);
  requireInteger('kmeans', 'iterations', iterations, 1);
  requireInteger('kmeans', 'redo', redo, 1);
  requireInteger('kmeans', 'seed', seed, 0);
  requireInteger('kmeans', 'minPointsPerCentroid', minPointsPerCentroid, 1);
  requireInteger('kmeans', 'maxPointsPerCentroid', maxPointsPerCentroid, 1);
  const [n, dimension] = features.shape;
  if (k > n) {
    throw clusteringError('TOO_FEW_POINTS', {
      message: `kmeans cannot find ${k} clusters in ${n} points`,
      given: k,
      expected: `k of at most ${n}`,
      remedy: 'Choose fewer clusters, or use more points',
    });
  }
  if (initial === undefined) return;
  requireMatrix('kmeans', 'initial centroids', initial);
  if (initial.shape[0] <= k && initial.shape[1] === dimension) return;
  throw clusteringError('INVALID_SHAPE', {
    message: 'kmeans cannot start from these centroids',
    given: `[${initial.shape.join(', ')}]`,
    expected: `at most ${k} rows of ${dimension} values`,
  });
}
