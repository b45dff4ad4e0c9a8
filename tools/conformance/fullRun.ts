import { exclusions, MAXIMUM_EXCLUSIONS } from './exclusions.js';
import type { Outcome } from './runSuite.js';
import type { BackendName } from './suite/events.js';

/** The suite has 4,230 specs; far fewer mean that some were lost on the way, which must not pass for success. */
const MINIMUM_SPECS = 4_200;

/** What is wrong with a run of the whole suite, besides its failing specs. */
export function problemsOfFullRun(backend: BackendName, { specs, excluded }: Outcome): string[] {
  const problems: string[] = [];
  if (specs < MINIMUM_SPECS)
    problems.push(`Only ${specs} specs ran; at least ${MINIMUM_SPECS} were expected.`);
  if (backend !== 'torch') return problems;
  if (exclusions.length > MAXIMUM_EXCLUSIONS) {
    problems.push(`${exclusions.length} specs are excluded; at most ${MAXIMUM_EXCLUSIONS} may be.`);
  }
  const unknown = exclusions.filter(({ spec }) => !excluded.includes(spec));
  for (const { spec } of unknown)
    problems.push(`The suite has no spec '${spec}', which exclusions.ts names.`);
  return problems;
}
