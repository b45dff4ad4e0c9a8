import { clusteringError } from '../errors.js';

/** How two ways of dividing the same n samples overlap. */
export interface Contingency {
  readonly n: number;
  /** For each cluster, the number of samples of each class that it holds; classes that it lacks are left out. */
  readonly overlaps: readonly ReadonlyMap<number, number>[];
  /** Samples of each cluster. */
  readonly clusterSizes: readonly number[];
  /** Samples of each class. */
  readonly classSizes: readonly number[];
}

/**
 * Counts the overlaps of clusters and classes. Clusters and classes without samples do not appear.
 *
 * @param assignments [n], whole numbers
 * @param labels [n], whole numbers
 * @throws {ClusteringError} `INVALID_SHAPE` where the two differ in length or are empty
 */
export function contingency(assignments: ArrayLike<number>, labels: ArrayLike<number>): Contingency {
  const n = assignments.length;
  if (n === 0 || n !== labels.length) {
    throw clusteringError('INVALID_SHAPE', {
      message: 'cluster scores compare an assignment and a label for each sample',
      given: `${n} assignments, ${labels.length} labels`,
      expected: 'as many of each, and at least one',
    });
  }
  const clusters = new Map<number, Map<number, number>>();
  const classes = new Map<number, number>();
  for (let i = 0; i < n; i += 1) {
    const cluster = assignments[i]!;
    const label = labels[i]!;
    let overlap = clusters.get(cluster);
    if (overlap === undefined) clusters.set(cluster, (overlap = new Map<number, number>()));
    overlap.set(label, (overlap.get(label) ?? 0) + 1);
    classes.set(label, (classes.get(label) ?? 0) + 1);
  }
  const places = new Map([...classes.keys()].map((label, place) => [label, place]));
  const overlaps = [...clusters.values()].map(
    (overlap) => new Map([...overlap].map(([label, count]) => [places.get(label)!, count])),
  );
  return {
    n,
    overlaps,
    clusterSizes: overlaps.map((overlap) => [...overlap.values()].reduce((sum, count) => sum + count, 0)),
    classSizes: [...classes.values()],
  };
}
