import { clusterSums } from '@protocl/backend';
import type { RandomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import type { Assignment } from '../assigners/assigner.js';
import { RESOLUTION } from '../resolution.js';
import { splitEmptyClusters } from './splitEmptyClusters.js';

/** What an update leads to. */
export interface CentroidUpdate {
  /** float32 [k, D], for the caller to dispose. */
  readonly centroids: tf.Tensor2D;
  /** Clusters that had no points. */
  readonly empty: number;
  /** How many of those got half of another cluster; the others stay where they were. */
  readonly splits: number;
}

/** Moves every centroid to the mean of its points, and splits clusters for those that have none. */
export async function updateCentroids(
  points: tf.Tensor2D,
  previous: tf.Tensor2D,
  assignment: Assignment,
  random: () => RandomStream,
): Promise<CentroidUpdate> {
  const sizes = clusterSizes(assignment.indices, previous.shape[0]);
  const means = tf.tidy(() => {
    const sums = clusterSums(points, tf.tensor1d(assignment.indices, 'int32'), sizes.length);
    const divisors = Float32Array.from(sizes, (size) => Math.max(1, size));
    return tf.div<tf.Tensor2D>(sums, tf.tensor2d(divisors, [sizes.length, 1]));
  });
  const empty = sizes.reduce((count, size) => count + (size === 0 ? 1 : 0), 0);
  if (empty === 0) return { centroids: means, empty, splits: 0 };
  try {
    const [centroids, before] = await Promise.all([means.data(), previous.data()]);
    const filled = { centroids: Float32Array.from(centroids), sizes };
    keepEmpty(filled, before as Float32Array);
    const isDivisible = divisible(filled, before as Float32Array, assignment);
    const splits = splitEmptyClusters({ ...filled, isDivisible }, random());
    return { centroids: tf.tensor2d(filled.centroids, previous.shape), empty, splits };
  } finally {
    means.dispose();
  }
}

function clusterSizes(indices: Int32Array, k: number): Float64Array {
  const sizes = new Float64Array(k);
  for (let i = 0; i < indices.length; i += 1) sizes[indices[i]!]! += 1;
  return sizes;
}

interface Clusters {
  readonly centroids: Float32Array;
  readonly sizes: Float64Array;
}

/** A cluster without points stays where it was. */
function keepEmpty({ centroids, sizes }: Clusters, before: Float32Array): void {
  const dimension = centroids.length / sizes.length;
  for (let cluster = 0; cluster < sizes.length; cluster += 1) {
    if (sizes[cluster] !== 0) continue;
    const row = cluster * dimension;
    centroids.set(before.subarray(row, row + dimension), row);
  }
}

/**
 * Which clusters hold points that differ. The spread around the mean follows from the distances to the former centroid:
 * the sum of their squares less the size times the square of the way that the centroid has moved.
 */
function divisible(
  { centroids, sizes }: Clusters,
  before: Float32Array,
  { indices, squaredDistances }: Assignment,
): Uint8Array {
  const dimension = centroids.length / sizes.length;
  const spreads = new Float64Array(sizes.length);
  for (let i = 0; i < indices.length; i += 1) spreads[indices[i]!]! += squaredDistances[i]!;
  return Uint8Array.from(sizes, (size, cluster) => {
    let moved = 0;
    let length = 0;
    for (let at = cluster * dimension; at < (cluster + 1) * dimension; at += 1) {
      moved += (centroids[at]! - before[at]!) ** 2;
      length += centroids[at]! ** 2;
    }
    return spreads[cluster]! - size * moved > size * length * RESOLUTION ** 2 ? 1 : 0;
  });
}
