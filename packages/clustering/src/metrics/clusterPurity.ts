import { contingency } from './contingency.js';

/**
 * The share of samples that belong to the most frequent class of their cluster, in (0, 1]. It grows with the number of
 * clusters, so only compare it at equal numbers.
 *
 * @param assignments [n], the cluster of each sample
 * @param labels [n], the class of each sample
 * @throws {ClusteringError} `INVALID_SHAPE` where the two differ in length or are empty
 */
export function clusterPurity(assignments: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { n, overlaps } = contingency(assignments, labels);
  return overlaps.reduce((sum, overlap) => sum + Math.max(...overlap.values()), 0) / n;
}
