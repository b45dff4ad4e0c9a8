import { isMainThread } from 'node:worker_threads';

/**
 * Turns of a loop, some tens of microseconds, after which a waiting thread lets go of its core. GNU's OpenMP, which libtorch's
 * threads come from on Linux, takes 300,000 by default: fine on an idle machine, but where anything else wants the
 * cores, each small operator waits for threads that have lost theirs to ones that only spin. A tenth of this is too
 * little: threads then fall asleep between the parts of one convolution.
 */
const SPIN_COUNT = '10000';

/**
 * Makes the threads of an operator wait asleep rather than spinning, by `GOMP_SPINCOUNT`, unless that or
 * `OMP_WAIT_POLICY` is set. To be called before the addon is first loaded; other OpenMP libraries ignore the variable.
 *
 * In a worker thread it does nothing: its environment is a copy that native code does not see.
 */
export function spinBriefly(): void {
  if (!isMainThread) return;
  if (process.env['GOMP_SPINCOUNT'] !== undefined || process.env['OMP_WAIT_POLICY'] !== undefined) return;
  process.env['GOMP_SPINCOUNT'] = SPIN_COUNT;
}
