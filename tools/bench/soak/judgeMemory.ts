import { median } from '../harness/statistics.js';

/** What a long training run did to the memory. */
export interface MemoryVerdict {
  /** Resident bytes after each step of the second tenth; the first is for warming up. */
  readonly early: readonly number[];
  /** Resident bytes after each step of the last tenth. */
  readonly late: readonly number[];
  /** Median of `late` / median of `early`. */
  readonly ratio: number;
  /** One sentence for each promise that was broken. */
  readonly failures: readonly string[];
}

const TOLERANCE = 0.03;

/**
 * Judges the memory after each step: the last tenth has to be within 3% of the second, and the
 * number of tensors the same after every step from the second tenth on.
 *
 * @param resident bytes after each step, at least 20
 * @param tensors live tensors after each step
 */
export function judgeMemory(resident: readonly number[], tensors: readonly number[]): MemoryVerdict {
  const tenth = Math.floor(resident.length / 10);
  const early = resident.slice(tenth, 2 * tenth);
  const late = resident.slice(-tenth);
  const ratio = median(late) / median(early);
  const failures: string[] = [];
  if (!(Math.abs(ratio - 1) <= TOLERANCE)) {
    failures.push(
      `resident memory changed by the factor ${ratio.toFixed(4)} from the second tenth to the last`,
    );
  }
  const counts = [...new Set(tensors.slice(tenth))];
  if (counts.length > 1) {
    failures.push(`the number of tensors changed between steps: ${counts.slice(0, 5).join(', ')}`);
  }
  return { early, late, ratio, failures };
}
