import { randomStream } from '@protocl/core';
import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireInteger } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { membersOf, requireAssignments } from './membersOf.js';

/** How {@link clusterMembers} chooses. */
export interface ClusterMembersOptions {
  /** Clusters; some may be empty. */
  readonly k: number;
  /** Members nearest to the centroid to choose of each cluster. Default 8. */
  readonly nearest?: number;
  /** Members to draw at random from each cluster. Default 8. */
  readonly random?: number;
  /** An integer of 0 .. 2⁵³-1. The same seed draws the same members, whatever the other clusters hold. */
  readonly seed: number;
}

const OPTIONS: OptionNames<ClusterMembersOptions> = { k: true, nearest: true, random: true, seed: true };

/** Some members of one cluster. */
export interface ClusterMembers {
  readonly cluster: number;
  /** Samples in the cluster. */
  readonly size: number;
  /** The samples nearest to the centroid, nearest first; fewer where the cluster has fewer. */
  readonly nearest: Int32Array;
  /** Samples drawn at random, without repetition. */
  readonly random: Int32Array;
}

/**
 * Chooses the members that show what a cluster holds: those nearest to its centroid, and some at random.
 *
 * @param assignments [n], the cluster of each sample, 0 .. k-1
 * @param distances [n], of each sample to its centroid, in any unit that grows with the distance
 * @returns one entry for each cluster, empty ones included
 * @throws {EvaluatorError} `INVALID_OPTION`, `EMPTY_SPLIT`, `INVALID_SHAPE`, `INVALID_LABELS` for an assignment that is
 *   no cluster, `NON_FINITE_FEATURES` for a distance that is not finite
 */
export function clusterMembers(
  assignments: ArrayLike<number>,
  distances: ArrayLike<number>,
  options: ClusterMembersOptions,
): ClusterMembers[] {
  requireKnownOptions('clusterMembers', options, OPTIONS);
  const { k, nearest = 8, random = 8, seed } = options;
  requireInteger('clusterMembers', 'k', k, 1);
  requireInteger('clusterMembers', 'nearest', nearest, 0);
  requireInteger('clusterMembers', 'random', random, 0);
  requireInteger('clusterMembers', 'seed', seed, 0);
  requireAssignments('clusterMembers', assignments, k);
  requireDistances(distances, assignments.length);
  return membersOf(assignments, k).map((members, cluster) => {
    const order = members.toSorted((a, b) => distances[a]! - distances[b]!);
    const drawn = randomStream({ seed, purpose: 'cluster members', step: cluster }).permutation(
      members.length,
    );
    return {
      cluster,
      size: members.length,
      nearest: order.slice(0, nearest),
      random: drawn.slice(0, random).map((at) => members[at]!),
    };
  });
}

function requireDistances(distances: ArrayLike<number>, n: number): void {
  if (distances.length !== n) {
    throw evaluatorError('INVALID_SHAPE', {
      message: 'clusterMembers needs a distance for each assignment',
      given: `${n} assignments, ${distances.length} distances`,
      expected: 'as many of each',
    });
  }
  for (let i = 0; i < n; i++) {
    if (Number.isFinite(distances[i])) continue;
    throw evaluatorError('NON_FINITE_FEATURES', {
      message: `clusterMembers cannot order samples by the distance of sample ${i}`,
      given: distances[i],
      expected: 'a finite number',
    });
  }
}
