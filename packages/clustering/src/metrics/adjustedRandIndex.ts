import { contingency } from './contingency.js';

/**
 * The share of pairs of samples on which clusters and classes agree, corrected for chance: 1 for the same division, 0
 * on average for random ones, negative below that.
 *
 * @param assignments [n], the cluster of each sample
 * @param labels [n], the class of each sample
 * @throws {ClusteringError} `INVALID_SHAPE` where the two differ in length or are empty
 * @see Hubert and Arabie, Comparing partitions, 1985
 */
export function adjustedRandIndex(assignments: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { n, overlaps, clusterSizes, classSizes } = contingency(assignments, labels);
  const pairs = (counts: Iterable<number>): number => {
    let sum = 0;
    for (const count of counts) sum += (count * (count - 1)) / 2;
    return sum;
  };
  const together = overlaps.reduce((sum, overlap) => sum + pairs(overlap.values()), 0);
  const inClusters = pairs(clusterSizes);
  const inClasses = pairs(classSizes);
  const expected = (inClusters * inClasses) / Math.max(1, (n * (n - 1)) / 2);
  const most = (inClusters + inClasses) / 2;
  // Both put everything together, or everything apart: the same division.
  return most === expected ? 1 : (together - expected) / (most - expected);
}
