import { contingency, type Contingency } from './contingency.js';

/**
 * The information that clusters and classes share, relative to the mean of their entropies: 0 .. 1. It grows with the
 * number of clusters; {@link adjustedMutualInformation} does not.
 *
 * @param assignments [n], the cluster of each sample
 * @param labels [n], the class of each sample
 * @throws {ClusteringError} `INVALID_SHAPE` where the two differ in length or are empty
 */
export function normalizedMutualInformation(
  assignments: ArrayLike<number>,
  labels: ArrayLike<number>,
): number {
  const table = contingency(assignments, labels);
  const mean = meanEntropy(table);
  // Both put everything together: the same division.
  return mean === 0 ? 1 : Math.max(0, mutualInformation(table)) / mean;
}

/**
 * The mutual information of clusters and classes, corrected for chance and relative to the mean of their entropies: 1
 * for the same division, 0 on average for random ones.
 *
 * @param assignments [n], the cluster of each sample
 * @param labels [n], the class of each sample
 * @throws {ClusteringError} `INVALID_SHAPE` where the two differ in length or are empty
 * @see Vinh, Epps and Bailey, Information theoretic measures for clusterings comparison, JMLR 2010
 */
export function adjustedMutualInformation(assignments: ArrayLike<number>, labels: ArrayLike<number>): number {
  const table = contingency(assignments, labels);
  const { n, clusterSizes, classSizes } = table;
  const areSame =
    (clusterSizes.length === 1 && classSizes.length === 1) ||
    (clusterSizes.length === n && classSizes.length === n);
  if (areSame) return 1;
  const expected = expectedMutualInformation(table);
  const range = meanEntropy(table) - expected;
  // Where chance alone gives all there can be, rounding decides the sign of a range that is zero.
  return (mutualInformation(table) - expected) / (Math.abs(range) < Number.EPSILON ? Number.EPSILON : range);
}

function mutualInformation({ n, overlaps, clusterSizes, classSizes }: Contingency): number {
  let information = 0;
  overlaps.forEach((overlap, cluster) => {
    for (const [place, count] of overlap) {
      information += (count / n) * Math.log((n * count) / (clusterSizes[cluster]! * classSizes[place]!));
    }
  });
  return information;
}

function meanEntropy({ n, clusterSizes, classSizes }: Contingency): number {
  const entropy = (sizes: readonly number[]): number =>
    -sizes.reduce((sum, size) => sum + (size / n) * Math.log(size / n), 0);
  return (entropy(clusterSizes) + entropy(classSizes)) / 2;
}

/** The mean over all ways to divide the samples into clusters and classes of these sizes. */
function expectedMutualInformation({ n, clusterSizes, classSizes }: Contingency): number {
  const logFactorial = logFactorials(n);
  const factorial = (value: number): number => logFactorial[value]!;
  const classes = countedSizes(classSizes);
  let expected = 0;
  for (const [a, clusterCount] of countedSizes(clusterSizes)) {
    for (const [b, classCount] of classes) {
      const sizesOnly = factorial(a) + factorial(b) + factorial(n - a) + factorial(n - b) - factorial(n);
      let sum = 0;
      for (let both = Math.max(1, a + b - n); both <= Math.min(a, b); both += 1) {
        const logProbability =
          sizesOnly -
          factorial(both) -
          factorial(a - both) -
          factorial(b - both) -
          factorial(n - a - b + both);
        sum += (both / n) * Math.log((n * both) / (a * b)) * Math.exp(logProbability);
      }
      expected += clusterCount * classCount * sum;
    }
  }
  return expected;
}

/** How often each size occurs, since equal sizes have equal terms. */
function countedSizes(sizes: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return counts;
}

/** log(i!) for i of 0 .. n. */
function logFactorials(n: number): Float64Array {
  const values = new Float64Array(n + 1);
  for (let i = 1; i <= n; i += 1) values[i] = values[i - 1]! + Math.log(i);
  return values;
}
