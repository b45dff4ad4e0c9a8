import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

import type { EvaluatorName, FeatureScores } from '../commands/evaluate.js';
import { leafPaths, valueAt } from '../config/layers.js';
import { exists } from '../run/exists.js';
import { RunFolder } from '../run/runFolder.js';
import { runChild, type ChildEnd } from './childProcess.js';
import type { PlannedRun } from './planRuns.js';
import { askedOf, dueOf, evaluationFile, readScores, runStateOf, type RunScores } from './runState.js';

/** How a run of a comparison ended; the reason for people. */
export type RunOutcome =
  | { readonly status: 'done'; readonly scores: RunScores }
  | { readonly status: 'stopped' }
  | { readonly status: 'failed'; readonly reason: string };

export interface PerformOptions {
  readonly evaluators: readonly EvaluatorName[];
  /** How the command line is started. */
  readonly program: readonly string[];
  readonly signal?: AbortSignal;
}

const MOST_LINES = 5;

/** Does what is missing of a run, each step in a process of its own, which has all memory to itself. */
export async function performRun(
  run: PlannedRun,
  { evaluators, program, signal }: PerformOptions,
): Promise<RunOutcome> {
  const log = join(run.folder, 'output.txt');
  const call = (args: readonly string[]) => runChild(program, args, { log, ...(signal && { signal }) });
  const state = await runStateOf(run, evaluators);
  // Made here, so that each setting is kept with the place in the grid that it comes from.
  if (state === 'new') await RunFolder.create(run.resolved, run.folder);
  if (state === 'new' || state === 'begun') {
    const end = await call(['train', '--resume', run.folder]);
    if (end.code !== 0) return unfinished('training', end, log, signal);
  }
  if (signal?.aborted === true) return { status: 'stopped' };
  const { threads } = run.resolved.config.engine;
  const engine = threads === undefined ? [] : ['--threads', String(threads)];
  const before = state === 'trained' ? await readScores(run) : undefined;
  const due = dueOf(run, before, evaluators);
  const flags = due.map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  // Those of the plan may be other ones than the run was trained with.
  const asked = askedOf(run);
  const settings = leafPaths(asked).map(
    (path) => `--set=evaluation.${path}=${JSON.stringify(valueAt(asked, path.split('.')))}`,
  );
  const end = await call(['evaluate', run.folder, ...flags, ...settings, ...engine, '--json']);
  const found = foundIn(end);
  if (found === undefined) return unfinished('evaluation', end, log, signal);
  const scores = { ...together(before, found, due), asked };
  await writeFileAtomic(evaluationFile(run), `${JSON.stringify(scores, null, 2)}\n`);
  return { status: 'done', scores };
}

/** What evaluators printed; where some have no scores, or all, that ends with a code of its own. */
function foundIn({ code, stdout }: ChildEnd): FeatureScores | undefined {
  if (code === 0) return JSON.parse(stdout) as FeatureScores;
  try {
    const scores = JSON.parse(stdout) as Partial<FeatureScores>;
    return scores.evaluations && scores.failures ? (scores as FeatureScores) : undefined;
  } catch {
    // Another error, with which nothing is printed.
    return undefined;
  }
}

/** Scores that were there already, with those that were due. */
function together(
  before: RunScores | undefined,
  found: FeatureScores,
  due: readonly EvaluatorName[],
): RunScores {
  const kept = <T>(of: Readonly<Partial<Record<EvaluatorName, T>>> = {}) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !due.includes(name as EvaluatorName)));
  return {
    ...before,
    ...found,
    evaluations: { ...kept(before?.evaluations), ...found.evaluations },
    failures: { ...kept(before?.failures), ...found.failures },
  };
}

async function unfinished(
  what: string,
  { code, signal: by }: ChildEnd,
  log: string,
  signal: AbortSignal | undefined,
): Promise<RunOutcome> {
  if (signal?.aborted === true) return { status: 'stopped' };
  const how = by === null ? `ended with code ${code}` : `was ended by ${by}`;
  return {
    status: 'failed',
    reason: [`its ${what} ${how}; ${log} ends with`, ...(await lastLines(log))].join('\n  '),
  };
}

async function lastLines(path: string): Promise<string[]> {
  // A run that was never started has none.
  if (!(await exists(path))) return [];
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-MOST_LINES);
}
