import { clusterPurity } from '@protocl/clustering';
import type { Method } from '@protocl/trainer';

/**
 * How pure the clusters are that a method made in its last E-step: for each clustering the share of
 * images whose class is the commonest in their cluster.
 *
 * @param labels of the images that it was trained on; undefined where there are no classes
 * @returns by number of clusters; null where there are no classes, or no clusters yet
 */
export async function prototypePurity(
  method: Method,
  labels: Int32Array | undefined,
): Promise<Readonly<Record<string, number>> | null> {
  if (labels === undefined) return null;
  const { tensors } = await method.toState();
  const purities: Record<string, number> = {};
  for (const [name, { data }] of Object.entries(tensors)) {
    const granularity = /^prototypes\/(.+)\/assignments$/.exec(name)?.[1];
    if (granularity === undefined) continue;
    const clusters = tensors[`prototypes/${granularity}/centroids`]!.shape[0]!;
    // An image that could not be read in the E-step has no cluster.
    const clustered = [...data.keys()].filter((image) => data[image]! >= 0);
    purities[clusters] = clusterPurity(
      Int32Array.from(clustered, (image) => data[image]!),
      Int32Array.from(clustered, (image) => labels[image]!),
    );
  }
  return Object.keys(purities).length === 0 ? null : purities;
}
