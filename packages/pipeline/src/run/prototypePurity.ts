import { clusterPurity } from '@protocl/clustering';
import type { Method } from '@protocl/trainer';

/** The purity of one clustering. */
export interface GranularityPurity {
  /** The number of clusters. */
  readonly k: number;
  /** 0 .. 1. */
  readonly purity: number;
}

/**
 * How pure the clusters are that a method made last: for each clustering the share of images whose class
 * is the commonest in their cluster.
 *
 * @param labels of the images that it was trained on; undefined where there are no classes
 * @returns one for each granularity, the fewest clusters first; null where there are no classes, or no clusters yet
 */
export async function prototypePurity(
  method: Method,
  labels: Int32Array | undefined,
): Promise<readonly GranularityPurity[] | null> {
  if (labels === undefined || method.clusters === undefined) return null;
  const purities: GranularityPurity[] = [];
  for (const { k, assignments } of method.clusters()) {
    // An image that could not be read has no cluster.
    const clustered = [...assignments.keys()].filter((image) => assignments[image]! >= 0);
    const purity = clusterPurity(
      Int32Array.from(clustered, (image) => assignments[image]!),
      Int32Array.from(clustered, (image) => labels[image]!),
    );
    purities.push({ k, purity });
  }
  return purities.length === 0 ? null : purities.sort((a, b) => a.k - b.k);
}
