import { clusterMembers, type ClusterMembers } from '@protocl/evaluators';

import type { StoredPrototypes } from './checkpointPrototypes.js';

/** What is shown of the clusters of one granularity. */
export interface ShownGranularity {
  readonly k: number;
  /** Of each cluster that has images, some of them; the largest first. */
  readonly clusters: readonly ClusterMembers[];
}

/** Clusters of each granularity that have a montage. */
export const MONTAGES = 30;
/** Images that a prototype of the tree shows. */
export const NEAREST_IN_TREE = 4;
const NEAREST = 8;
const RANDOM = 8;
/** Images that are shown for being in a cluster: more would make the page too large to open. */
const MOST_IMAGES = 6000;

/**
 * The members by which each cluster is shown: those nearest to its centroid, and some at random where these
 * are not all. Without distances, which older checkpoints lack, those at random alone.
 *
 * @returns members as images of the data set
 */
export function shownMembers(prototypes: readonly StoredPrototypes[], seed: number): ShownGranularity[] {
  return prototypes.map(({ k, assignments, distances }) => {
    // Those that the E-step could read.
    const known = Int32Array.from(assignments.keys()).filter((image) => assignments[image]! >= 0);
    if (known.length === 0) return { k, clusters: [] };
    const nearest = distances === undefined ? 0 : NEAREST;
    const members = clusterMembers(
      known.map((image) => assignments[image]!),
      Float32Array.from(known, (image) => distances?.[image] ?? 0),
      { k, nearest, random: RANDOM, seed },
    );
    const clusters = members
      .filter(({ size }) => size > 0)
      .map((each) => ({
        ...each,
        nearest: each.nearest.map((member) => known[member]!),
        random: each.size <= nearest ? new Int32Array(0) : each.random.map((member) => known[member]!),
      }))
      .sort((a, b) => b.size - a.size);
    return { k, clusters };
  });
}

/** The images that montages and tree need, ascending; where they would be too many, the finest prototypes have none. */
export function imagesOf(granularities: readonly ShownGranularity[]): Int32Array {
  const images = new Set<number>();
  for (const { clusters } of granularities) {
    for (const { nearest, random } of clusters.slice(0, MONTAGES)) {
      for (const image of [...nearest, ...random]) images.add(image);
    }
  }
  for (const { clusters } of granularities) {
    for (const { nearest } of clusters) {
      if (images.size + NEAREST_IN_TREE > MOST_IMAGES) break;
      for (const image of nearest.subarray(0, NEAREST_IN_TREE)) images.add(image);
    }
  }
  return Int32Array.from(images).sort();
}
