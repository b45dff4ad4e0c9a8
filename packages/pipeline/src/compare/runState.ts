import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EvaluatorName, FeatureScores } from '../commands/evaluate.js';
import { isAutomatic, isPending } from '../config/automatic.js';
import { differenceInWords, differences, type Difference } from '../config/differences.js';
import { pipelineError } from '../errors.js';
import { RunFolder } from '../run/runFolder.js';
import type { RunSummary } from '../run/summary.js';
import type { PlannedRun } from './planRuns.js';

/** How far a run is: not begun; begun and not at its end; trained, but not judged; all done. */
export type RunState = 'new' | 'begun' | 'trained' | 'done';

/** A trained run's summary and what evaluators found. */
export interface FinishedRun {
  readonly summary: RunSummary;
  readonly scores: FeatureScores;
}

/** Where the scores of a run are kept. */
export function evaluationFile({ folder }: PlannedRun): string {
  return join(folder, 'evaluation.json');
}

/** How far a run is by its folder, in which anything may be missing; a failed start is none. */
export async function runStateOf(run: PlannedRun, evaluators: readonly EvaluatorName[]): Promise<RunState> {
  if (!(await RunFolder.isBegun(run.folder))) return 'new';
  const results = await readResults(run);
  if (results.summary?.status !== 'completed') return 'begun';
  return isFinished(results, evaluators) ? 'done' : 'trained';
}

/** The results of a run that is done, those of other evaluators left out. */
export async function readFinished(
  run: PlannedRun,
  evaluators: readonly EvaluatorName[],
): Promise<FinishedRun | undefined> {
  const results = await readResults(run);
  if (!isFinished(results, evaluators)) return undefined;
  const { summary, scores } = results;
  const asked = Object.entries(scores.evaluations).filter(([name]) =>
    evaluators.includes(name as EvaluatorName),
  );
  return { summary, scores: { ...scores, evaluations: Object.fromEntries(asked) } };
}

function isFinished(
  results: Partial<FinishedRun>,
  evaluators: readonly EvaluatorName[],
): results is FinishedRun {
  const { summary, scores } = results;
  return (
    summary?.status === 'completed' &&
    scores !== undefined &&
    evaluators.every((name) => scores.evaluations[name] !== undefined)
  );
}

/**
 * Requires that folders which hold runs already hold those that are planned.
 *
 * @throws {ProtoclError} `CONFIG_DIFFERS` with all that differs
 */
export async function requireSameConfigs(runs: readonly PlannedRun[]): Promise<void> {
  const lines: string[] = [];
  for (const run of runs) {
    if ((await runStateOf(run, [])) === 'new') continue;
    const stored = await (await RunFolder.open(run.folder)).readConfig();
    const { config, origins } = run.resolved;
    // The run has chosen by its images what was left to be chosen in the plan.
    const isChosen = ({ path }: Difference) => isPending(origins[path]) && isAutomatic(stored.origins[path]);
    for (const difference of differences(stored.config, config)) {
      if (isChosen(difference)) continue;
      lines.push(`${run.name}: ${differenceInWords(difference)}`);
    }
  }
  if (lines.length === 0) return;
  throw pipelineError('CONFIG_DIFFERS', {
    message: ['there are runs with other settings in the folder of this comparison', ...lines].join('\n  '),
    expected: 'runs of the same settings, or none',
    remedy: 'Write to another folder by --out, or remove the folders of these runs to train them anew',
  });
}

async function readResults(run: PlannedRun): Promise<Partial<FinishedRun>> {
  const summary = (await readJson(join(run.folder, 'summary.json'))) as RunSummary | undefined;
  const scores = (await readJson(evaluationFile(run))) as FeatureScores | undefined;
  return { ...(summary && { summary }), ...(scores?.evaluations && { scores }) };
}

/** What a file holds; nothing where it is missing or cannot be understood, and so has to be made again. */
async function readJson(path: string): Promise<object | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
