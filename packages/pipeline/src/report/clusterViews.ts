import { prototypeTree, type PrototypeNode as EvaluatedNode } from '@protocl/evaluators';
import type { ClusterMontage, PrototypeNode } from '@protocl/report';

import type { StoredPrototypes } from './checkpointPrototypes.js';

/** What is known of the training images. */
export interface TrainingImages {
  /** int32 [n]; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[];
  /** The images that have thumbnails, in the order of these. */
  readonly shown: Int32Array;
}

const MONTAGES = 30;
const TILES = 16;

/** Some images of the largest clusters of each granularity, those of which images are shown at all. */
export function clusterMontages(
  prototypes: readonly StoredPrototypes[],
  images: TrainingImages,
): ClusterMontage[] {
  return prototypes.flatMap(({ k, assignments }) => {
    const members = membersOf(assignments);
    const shown = shownMembers(assignments, images.shown);
    return [...shown.entries()]
      .map(([cluster, thumbnails]) => ({ cluster, thumbnails, all: members.get(cluster)! }))
      .sort((a, b) => b.all.length - a.all.length)
      .slice(0, MONTAGES)
      .map(({ cluster, thumbnails, all }) => {
        const topClass = topClassOf(all, images);
        return {
          k,
          cluster,
          size: all.length,
          thumbnails: thumbnails.slice(0, TILES),
          ...(topClass && { topClass }),
        };
      });
  });
}

/** The prototypes of the coarsest granularity, each with the finer ones that it is split into. */
export function treeOfPrototypes(
  prototypes: readonly StoredPrototypes[],
  images: TrainingImages,
): PrototypeNode[] {
  const known = withoutMissing(prototypes);
  if (known.length === 0 || known[0]!.assignments.length === 0) return [];
  const members = prototypes.map(({ assignments }) => membersOf(assignments));
  const shown = prototypes.map(({ assignments }) => shownMembers(assignments, images.shown));
  const named = ({ level, cluster, size, children }: EvaluatedNode): PrototypeNode => {
    const topClass = topClassOf(members[level]!.get(cluster)!, images);
    const thumbnails = shown[level]!.get(cluster)?.slice(0, 6);
    return {
      name: topClass
        ? `prototype ${cluster}, ${(100 * topClass.share).toFixed(0)}% ${topClass.name}`
        : `prototype ${cluster}`,
      size,
      ...(thumbnails && { thumbnails }),
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

function membersOf(assignments: Int32Array): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (const [image, cluster] of assignments.entries()) append(members, cluster, image);
  return members;
}

/** The thumbnails of each cluster that has any. */
function shownMembers(assignments: Int32Array, shown: Int32Array): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (const [thumbnail, image] of shown.entries()) append(members, assignments[image]!, thumbnail);
  return members;
}

function append(lists: Map<number, number[]>, cluster: number, item: number): void {
  if (cluster < 0) return;
  const list = lists.get(cluster) ?? [];
  lists.set(cluster, list);
  list.push(item);
}

function topClassOf(
  members: readonly number[],
  { labels, classNames }: TrainingImages,
): ClusterMontage['topClass'] {
  if (labels === undefined) return undefined;
  const counts = new Int32Array(classNames.length);
  for (const image of members) counts[labels[image]!]!++;
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  return { name: classNames[counts.indexOf(most)]!, share: most / members.length };
}
