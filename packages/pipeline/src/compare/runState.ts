import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EvaluatorName, FeatureScores } from '../commands/evaluate.js';
import { isAutomatic, isPending } from '../config/automatic.js';
import { differenceInWords, differences, JUDGING, type Difference } from '../config/differences.js';
import { pipelineError } from '../errors.js';
import { RunFolder } from '../run/runFolder.js';
import type { RunSummary } from '../run/summary.js';
import type { PlannedRun } from './planRuns.js';

/** How far a run is: not begun; begun and not at its end; trained, but not judged; all done. */
export type RunState = 'new' | 'begun' | 'trained' | 'done';

/** What evaluators found of a run, as `evaluation.json` has it. */
export interface RunScores extends FeatureScores {
  /** The settings that they were asked with, of those that may be other ones each time. */
  readonly asked?: AskedSettings;
}

/** A trained run's summary and what evaluators found. */
export interface FinishedRun {
  readonly summary: RunSummary;
  readonly scores: RunScores;
}

type AskedSettings = Readonly<Partial<Record<EvaluatorName, unknown>>>;

/** Where the scores of a run are kept. */
export function evaluationFile({ folder }: PlannedRun): string {
  return join(folder, 'evaluation.json');
}

/** How far a run is by its folder, in which anything may be missing; a failed start is none. */
export async function runStateOf(run: PlannedRun, evaluators: readonly EvaluatorName[]): Promise<RunState> {
  if (!(await RunFolder.isBegun(run.folder))) return 'new';
  const { summary, scores } = await readResults(run);
  if (summary?.status !== 'completed') return 'begun';
  return dueOf(run, scores, evaluators).length === 0 ? 'done' : 'trained';
}

/** What is kept of a run's scores. */
export async function readScores(run: PlannedRun): Promise<RunScores | undefined> {
  return (await readResults(run)).scores;
}

/** Evaluators that have no scores of a run, or those of other settings. */
export function dueOf(
  run: PlannedRun,
  scores: RunScores | undefined,
  evaluators: readonly EvaluatorName[],
): EvaluatorName[] {
  return evaluators.filter((name) => scores?.evaluations[name] === undefined || !isOfPlan(run, scores, name));
}

/**
 * The results of a run that is trained and that all evaluators have judged, in vain or not; those of others are
 * left out.
 */
export async function readFinished(
  run: PlannedRun,
  evaluators: readonly EvaluatorName[],
): Promise<FinishedRun | undefined> {
  const { summary, scores } = await readResults(run);
  if (summary?.status !== 'completed' || scores === undefined) return undefined;
  const { evaluations, failures = {} } = scores;
  const isJudged = (name: EvaluatorName) =>
    (evaluations[name] ?? failures[name]) !== undefined && isOfPlan(run, scores, name);
  if (!evaluators.every(isJudged)) return undefined;
  return {
    summary,
    scores: { ...scores, evaluations: only(evaluators, evaluations), failures: only(evaluators, failures) },
  };
}

function only<T>(
  evaluators: readonly EvaluatorName[],
  found: Readonly<Partial<Record<EvaluatorName, T>>>,
): Partial<Record<EvaluatorName, T>> {
  return Object.fromEntries(
    Object.entries(found).filter(([name]) => evaluators.includes(name as EvaluatorName)),
  );
}

/** The settings of evaluators that a run may be judged with again. */
export function askedOf({ resolved: { config } }: PlannedRun): AskedSettings {
  return Object.fromEntries(JUDGING.map((name) => [name, config.evaluation[name]]));
}

function isOfPlan(run: PlannedRun, { asked }: RunScores, name: EvaluatorName): boolean {
  const [before, now] = [asked?.[name], askedOf(run)[name]];
  return before === undefined || JSON.stringify(before) === JSON.stringify(now);
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
  const scores = (await readJson(evaluationFile(run))) as RunScores | undefined;
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
