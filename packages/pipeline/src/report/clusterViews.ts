import { prototypeTree, type PrototypeNode as EvaluatedNode } from '@protocl/evaluators';
import type { ClusterMontage, PrototypeNode } from '@protocl/report';

import type { StoredPrototypes } from './checkpointPrototypes.js';
import { MONTAGES, NEAREST_IN_TREE, type ShownGranularity } from './shownMembers.js';

/** What is known of the training images. */
export interface TrainingImages {
  /** int32 [n]; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[];
  /** The thumbnail of each image that has one. */
  readonly thumbnails: ReadonlyMap<number, number>;
}

/** Some images of the largest clusters of each granularity. */
export function clusterMontages(
  prototypes: readonly StoredPrototypes[],
  shown: readonly ShownGranularity[],
  images: TrainingImages,
): ClusterMontage[] {
  return prototypes.flatMap(({ k, assignments }, level) => {
    const topClasses = topClassesOf(assignments, images);
    return shown[level]!.clusters.slice(0, MONTAGES).map(({ cluster, size, nearest, random }) => {
      const topClass = topClasses.get(cluster);
      return {
        k,
        cluster,
        size,
        nearest: thumbnailsOf(nearest, images),
        random: thumbnailsOf(random, images),
        ...(topClass && { topClass: { name: topClass.name, share: topClass.count / size } }),
      };
    });
  });
}

/** The prototypes of the coarsest granularity, each with the finer ones that it is split into. */
export function treeOfPrototypes(
  prototypes: readonly StoredPrototypes[],
  shown: readonly ShownGranularity[],
  images: TrainingImages,
): PrototypeNode[] {
  const known = withoutMissing(prototypes);
  if (known.length === 0 || known[0]!.assignments.length === 0) return [];
  const levels = prototypes.map(({ assignments }, level) => ({
    topClasses: topClassesOf(assignments, images),
    nearest: new Map(shown[level]!.clusters.map(({ cluster, nearest }) => [cluster, nearest])),
    sizes: new Map(shown[level]!.clusters.map(({ cluster, size }) => [cluster, size])),
  }));
  const named = ({ level, cluster, size, children }: EvaluatedNode): PrototypeNode => {
    const { topClasses, nearest, sizes } = levels[level]!;
    const topClass = topClasses.get(cluster);
    const share = topClass && (100 * topClass.count) / sizes.get(cluster)!;
    const thumbnails = thumbnailsOf(nearest.get(cluster)!.subarray(0, NEAREST_IN_TREE), images);
    return {
      name: topClass
        ? `prototype ${cluster}, ${share!.toFixed(0)}% ${topClass.name}`
        : `prototype ${cluster}`,
      size,
      ...(thumbnails.length > 0 && { nearest: thumbnails }),
      children: children.map(named),
    };
  };
  return prototypeTree(known).map(named);
}

/** Without the images that one of the E-steps could not read. */
function withoutMissing(prototypes: readonly StoredPrototypes[]) {
  const isKnown = (image: number) => prototypes.every(({ assignments }) => assignments[image]! >= 0);
  return prototypes.map(({ k, assignments }) => ({
    k,
    assignments: assignments.filter((_, image) => isKnown(image)),
  }));
}

/** An image that cannot be read any more has none. */
function thumbnailsOf(members: Int32Array, { thumbnails }: TrainingImages): number[] {
  return [...members].map((image) => thumbnails.get(image)).filter((thumbnail) => thumbnail !== undefined);
}

interface TopClass {
  readonly label: number;
  readonly name: string;
  /** Images of the cluster that are of the class. */
  readonly count: number;
}

/** The commonest class of each cluster, of equally common ones the first; none without classes. */
function topClassesOf(
  assignments: Int32Array,
  { labels, classNames }: TrainingImages,
): ReadonlyMap<number, TopClass> {
  const top = new Map<number, TopClass>();
  if (labels === undefined) return top;
  const counts = new Map<number, number>();
  for (const [image, cluster] of assignments.entries()) {
    if (cluster < 0) continue;
    const label = labels[image]!;
    const key = cluster * classNames.length + label;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
  }
  for (const [key, count] of counts) {
    const [cluster, label] = [Math.floor(key / classNames.length), key % classNames.length];
    const most = top.get(cluster);
    const isMost = most === undefined || count > most.count || (count === most.count && label < most.label);
    if (isMost) top.set(cluster, { label, name: classNames[label]!, count });
  }
  return top;
}
