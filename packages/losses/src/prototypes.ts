import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { requireMatrix, requireVector } from './checks.js';
import { lossError } from './errors.js';

/** The clusters of one granularity: what an E-step leaves for the M-step. */
export interface Prototypes {
  /** float32 [k, D], L2-normalised. */
  readonly centroids: Tensor2D;
  /** [n], the cluster of every image of the dataset; on the host, so that no step waits for a device. */
  readonly assignments: Int32Array;
  /** float32 [k], above 0: what the similarity with each prototype is divided by. */
  readonly concentration: Tensor1D;
}

/** Requires tensors that fit each other and features of this size. */
export function requirePrototypes(
  loss: string,
  { centroids, concentration }: Prototypes,
  dimension: number,
): void {
  requireMatrix(loss, 'centroids', centroids, undefined, dimension);
  requireVector(loss, 'concentration', concentration, centroids.shape[0]);
}

/**
 * The cluster of each image of the batch.
 *
 * @throws LossError `INVALID_SHAPE` or `INDEX_OUT_OF_RANGE`
 */
export function clustersOf(
  loss: string,
  { assignments, centroids }: Prototypes,
  index: Int32Array | readonly number[],
  rows: number,
): Int32Array {
  if (index.length !== rows) {
    throw lossError('INVALID_SHAPE', {
      message: `${loss} needs the index within the dataset of every query`,
      given: `${index.length} indices`,
      expected: `${rows}`,
    });
  }
  return Int32Array.from(index, (image) => {
    requireBelow(loss, 'an index of the batch', image, assignments.length, 'images were clustered');
    const cluster = assignments[image]!;
    requireBelow(loss, `the assignment of image ${image}`, cluster, centroids.shape[0], 'clusters exist');
    return cluster;
  });
}

function requireBelow(loss: string, what: string, value: number, limit: number, why: string): void {
  if (Number.isInteger(value) && value >= 0 && value < limit) return;
  throw lossError('INDEX_OUT_OF_RANGE', {
    message: `${loss}: ${what} is out of range`,
    given: value,
    expected: `an integer from 0 to ${limit - 1}, as ${limit} ${why}`,
  });
}
