import { benchError } from './benchError.js';
import { isSelected } from './runCases.js';

/**
 * Refuses a filter that leaves nothing to run.
 *
 * @param names of all cases and checks
 * @throws {ProtoclError} `BENCH_USAGE`
 */
export function requireSelection(names: readonly string[], filter: string | undefined): void {
  if (names.some((name) => isSelected(name, filter))) return;
  throw benchError('BENCH_USAGE', {
    message: 'no case has the text of --filter in its name',
    given: filter,
    expected: `a part of one of ${names.join(', ')}`,
  });
}
