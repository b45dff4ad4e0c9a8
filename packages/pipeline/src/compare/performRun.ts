import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

import type { EvaluatorName, FeatureScores } from '../commands/evaluate.js';
import { exists } from '../run/exists.js';
import { RunFolder } from '../run/runFolder.js';
import { runChild, type ChildEnd } from './childProcess.js';
import type { PlannedRun } from './planRuns.js';
import { evaluationFile, runStateOf } from './runState.js';

/** How a run of a comparison ended; the reason for people. */
export type RunOutcome =
  | { readonly status: 'done'; readonly scores: FeatureScores }
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
  const flags = evaluators.map(
    (name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
  const end = await call(['evaluate', run.folder, ...flags, ...engine, '--json']);
  if (end.code !== 0) return unfinished('evaluation', end, log, signal);
  const scores = JSON.parse(end.stdout) as FeatureScores;
  await writeFileAtomic(evaluationFile(run), `${JSON.stringify(scores, null, 2)}\n`);
  return { status: 'done', scores };
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
