import { emptySplit, requireInteger } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { membersOf, requireAssignments } from './membersOf.js';

/** One clustering of the samples. */
export interface Granularity {
  /** Clusters. */
  readonly k: number;
  /** [n], the cluster of each sample, 0 .. k-1. */
  readonly assignments: ArrayLike<number>;
}

/** A prototype, and the finer ones that belong under it. */
export interface PrototypeNode {
  /** The place of its granularity, from 0 for the coarsest. */
  readonly level: number;
  /** Its cluster within the granularity. */
  readonly cluster: number;
  /** Samples that it holds. */
  readonly size: number;
  /** The share of its samples that the prototype above holds too; 1 for those of the coarsest granularity. */
  readonly share: number;
  /** Largest first. */
  readonly children: readonly PrototypeNode[];
}

/**
 * Puts each prototype under the prototype of the next coarser granularity that holds most of its samples; of equally
 * many the first. Clusters without samples are left out.
 *
 * @param granularities of the same samples, coarsest first
 * @returns the prototypes of the coarsest granularity, largest first; plain data
 * @throws {EvaluatorError} `EMPTY_SPLIT`, `INVALID_OPTION` where k does not grow, `INVALID_SHAPE` where the numbers of
 *   samples differ, `INVALID_LABELS` for an assignment that is no cluster
 */
export function prototypeTree(granularities: readonly Granularity[]): PrototypeNode[] {
  requireGranularities(granularities);
  let below: Placed[] = [];
  for (let level = granularities.length - 1; level >= 0; level--) {
    const { k, assignments } = granularities[level]!;
    const children = Array.from({ length: k }, (): PrototypeNode[] => []);
    for (const { node, parent } of below) children[parent]!.push(node);
    below = membersOf(assignments, k).flatMap((members, cluster) => {
      if (members.length === 0) return [];
      const { parent, share } = parentOf(members, granularities[level - 1]);
      const node = { level, cluster, size: members.length, share, children: bySize(children[cluster]!) };
      return [{ node, parent }];
    });
  }
  return bySize(below.map(({ node }) => node));
}

/** A prototype, and the cluster of the coarser granularity that it belongs under. */
interface Placed {
  readonly node: PrototypeNode;
  readonly parent: number;
}

/** The cluster of the coarser granularity that holds most of the members. */
function parentOf(members: Int32Array, coarser: Granularity | undefined) {
  if (coarser === undefined) return { parent: -1, share: 1 };
  const counts = new Int32Array(coarser.k);
  for (const member of members) counts[coarser.assignments[member]!]!++;
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  return { parent: counts.indexOf(most), share: most / members.length };
}

function bySize(nodes: readonly PrototypeNode[]): PrototypeNode[] {
  return nodes.toSorted((a, b) => b.size - a.size || a.cluster - b.cluster);
}

function requireGranularities(granularities: readonly Granularity[]): void {
  if (granularities.length === 0) throw emptySplit('prototypeTree', 'granularities');
  const n = granularities[0]!.assignments.length;
  let least = 1;
  for (const { k, assignments } of granularities) {
    requireInteger('prototypeTree', 'k (granularities come coarsest first)', k, least);
    least = k + 1;
    requireAssignments('prototypeTree', assignments, k);
    if (assignments.length === n) continue;
    throw evaluatorError('INVALID_SHAPE', {
      message: 'prototypeTree compares clusterings of the same samples',
      given: `${n} and ${assignments.length} assignments`,
      expected: 'as many in each granularity',
    });
  }
}
