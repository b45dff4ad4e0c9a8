import { serializeError } from '@protocl/core';

import type { BenchOptions } from '../options.js';
import { isSelected } from './runCases.js';

/** What is checked before anything is timed. */
export interface Checks<Task> {
  readonly tasks: readonly Task[];
  /** Of a task's check, for the filter and the message. */
  readonly nameOf: (task: Task) => string;
  /** @returns what was found, in one line */
  readonly check: (task: Task) => Promise<string>;
}

/** Of the benchmark's options, those that bear on its checks. */
interface CheckOptions extends Pick<BenchOptions, 'filter' | 'listPeerSettings'> {
  readonly report: (line: string) => void;
}

/**
 * Checks one task after the other. One that fails hides no figure: times are worth knowing all the same, beside that
 * failure.
 *
 * @returns a message for each check that failed
 */
export async function failedChecks<Task>(
  { tasks, nameOf, check }: Checks<Task>,
  { filter, report, listPeerSettings }: CheckOptions,
): Promise<string[]> {
  if (listPeerSettings) return [];
  const failures: string[] = [];
  for (const task of tasks.filter((one) => isSelected(nameOf(one), filter))) {
    await check(task).then(report, (error: unknown) => {
      failures.push(`${nameOf(task)}: ${serializeError(error).message}`);
    });
  }
  return failures;
}
