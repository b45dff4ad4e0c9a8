import type { Checkpoint } from '@protocl/trainer';

/** The clusters of one granularity as a checkpoint has them. */
export interface StoredPrototypes {
  /** The number of clusters. */
  readonly k: number;
  /** [n], of all training images; -1 for an image that the E-step could not read. */
  readonly assignments: Int32Array;
  /** [n], of each image to its centroid, -1 for one that could not be read; older checkpoints have none. */
  readonly distances?: Float32Array;
  /** [k], of PCL's prototypes. */
  readonly concentration?: Float32Array;
}

/**
 * The clusters that were made last, by PCL's E-step or DeepCluster, the fewest clusters first; none before
 * the first. Of several clusterings with the same k, which would be called the same, the first.
 */
export function checkpointPrototypes({ state: { tensors } }: Checkpoint): StoredPrototypes[] {
  const found: StoredPrototypes[] = [];
  for (const [name, { data }] of Object.entries(tensors)) {
    const granularity = /^method\/prototypes\/(.+)\/assignments$/.exec(name)?.[1];
    if (granularity === undefined) continue;
    const concentration = tensors[`method/prototypes/${granularity}/concentration`]!;
    const [k] = concentration.shape;
    if (found.some((before) => before.k === k)) continue;
    found.push({
      k: k!,
      assignments: Int32Array.from(data),
      ...distancesIn(tensors[`method/prototypes/${granularity}/distances`]),
      concentration: Float32Array.from(concentration.data),
    });
  }
  const labels = tensors['method/clusters/labels']?.data;
  const classes = tensors['method/classifier/classifier/bias']?.shape[0];
  if (labels && classes !== undefined && labels.some((label) => label >= 0)) {
    const distances = distancesIn(tensors['method/clusters/distances']);
    found.push({ k: classes, assignments: Int32Array.from(labels), ...distances });
  }
  return found.sort((a, b) => a.k - b.k);
}

function distancesIn(stored: { readonly data: ArrayLike<number> } | undefined) {
  return stored && { distances: Float32Array.from(stored.data) };
}
