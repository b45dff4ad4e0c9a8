import type { RandomStream } from '@protocl/core';

/** How far the two halves of a split cluster move apart, relative to each value, as in faiss. */
const PERTURBATION = 1 / 1024;

/** Clusters as they are before a split; all arrays are changed in place. */
export interface ClusterState {
  /** [k, D], row-major. */
  readonly centroids: Float32Array;
  /** [k], points of each cluster. */
  readonly sizes: Float64Array;
  /** [k], whether a cluster's points differ from each other: identical ones cannot be divided. */
  readonly isDivisible: Uint8Array;
}

/**
 * Gives every empty cluster half of another one, drawn with a probability that grows with its size: both go on from
 * its centroid, moved a little in opposite directions. The same procedure as faiss's `split_clusters`.
 *
 * @returns how many clusters were split; fewer than are empty where no cluster is left that can be
 */
export function splitEmptyClusters(
  { centroids, sizes, isDivisible }: ClusterState,
  random: RandomStream,
): number {
  const dimension = centroids.length / sizes.length;
  let splits = 0;
  for (let empty = 0; empty < sizes.length; empty += 1) {
    if (sizes[empty] !== 0) continue;
    const donor = drawBySize(sizes, isDivisible, random);
    if (donor === undefined) break;
    for (let d = 0; d < dimension; d += 1) {
      const value = centroids[donor * dimension + d]!;
      const step = value * (d % 2 === 0 ? PERTURBATION : -PERTURBATION);
      centroids[empty * dimension + d] = value + step;
      centroids[donor * dimension + d] = value - step;
    }
    sizes[empty] = Math.floor(sizes[donor]! / 2);
    sizes[donor]! -= sizes[empty]!;
    isDivisible[empty] = 1;
    splits += 1;
  }
  return splits;
}

/** A cluster of more than one point, with a probability in proportion to its size less one. */
function drawBySize(sizes: Float64Array, isDivisible: Uint8Array, random: RandomStream): number | undefined {
  const weights = sizes.map((size, cluster) => (isDivisible[cluster] === 1 ? Math.max(0, size - 1) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return undefined;
  let rest = random.next() * total;
  for (let cluster = 0; cluster < weights.length; cluster += 1) {
    rest -= weights[cluster]!;
    if (rest < 0) return cluster;
  }
  return weights.findLastIndex((weight) => weight > 0);
}
