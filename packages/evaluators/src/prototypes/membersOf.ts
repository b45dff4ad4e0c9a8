import { emptySplit } from '../checks.js';
import { evaluatorError } from '../errors.js';

/** The samples of each cluster, in their order. */
export function membersOf(assignments: ArrayLike<number>, k: number): Int32Array[] {
  const sizes = new Int32Array(k);
  for (let i = 0; i < assignments.length; i++) sizes[assignments[i]!]!++;
  const members = Array.from(sizes, (size) => new Int32Array(size));
  const filled = new Int32Array(k);
  for (let i = 0; i < assignments.length; i++) members[assignments[i]!]![filled[assignments[i]!]!++] = i;
  return members;
}

/** Requires that there are assignments, each of them a cluster of 0 .. k-1. */
export function requireAssignments(what: string, assignments: ArrayLike<number>, k: number): void {
  if (assignments.length === 0) throw emptySplit(what, 'assignments');
  for (let i = 0; i < assignments.length; i++) {
    const cluster = assignments[i]!;
    if (Number.isSafeInteger(cluster) && cluster >= 0 && cluster < k) continue;
    throw evaluatorError('INVALID_LABELS', {
      message: `${what} cannot use the cluster of sample ${i}`,
      given: cluster,
      expected: `a whole number of 0 .. ${k - 1}`,
    });
  }
}
