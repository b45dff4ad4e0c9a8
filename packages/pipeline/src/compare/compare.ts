import { join, resolve } from 'node:path';

import { requireKnownOptions, type OptionNames } from '@protocl/core';

import type { ConfigLayer } from '../config/layers.js';
import { ConfigError } from '../config/problems.js';
import { pipelineError } from '../errors.js';
import { withFolderLocked } from '../run/folderLock.js';
import { unlessStopped } from '../run/unlessStopped.js';
import { commandLineProgram } from './childProcess.js';
import { comparisonOf, type Comparison } from './comparison.js';
import { ComparisonProgress } from './comparisonProgress.js';
import type { GridInput } from './gridSchema.js';
import { inParallel } from './inParallel.js';
import { openGrid, type Grid } from './openGrid.js';
import { performRun } from './performRun.js';
import { planRuns, type PlannedRun } from './planRuns.js';
import { requireSameConfigs, runStateOf, type RunState } from './runState.js';
import { writeComparison, type ComparisonPageOptions } from './writeComparison.js';

/** What of a grid can be said otherwise. */
export interface PlanningOptions {
  /** Where to write; `runs/NAME` by default, so that the same call goes on with what is there. */
  readonly out?: string;
  /** In place of the grid's. */
  readonly seeds?: readonly number[];
  /** In place of the grid's. */
  readonly parallel?: number;
  /** Trains these arms alone; the table has all that are done. */
  readonly only?: readonly string[];
  /** Settings of all arms, over their own. */
  readonly changes?: readonly ConfigLayer[];
}

export interface CompareOptions extends PlanningOptions, ComparisonPageOptions {
  /** Asks the runs to come to an orderly end. */
  readonly signal?: AbortSignal;
  /** The program that is `protocl`, with its first arguments; this package's own by default. */
  readonly program?: readonly string[];
}

const OPTIONS: OptionNames<CompareOptions> = {
  out: true,
  seeds: true,
  parallel: true,
  only: true,
  changes: true,
  encoder: true,
  points: true,
  log: true,
  signal: true,
  program: true,
};

/** A run that ended with an error. */
export interface FailedRun {
  /** ARM/seed-N. */
  readonly name: string;
  /** Where it failed, and the last lines that it wrote. */
  readonly reason: string;
}

/** What {@link compare} found and wrote; absolute paths. */
export interface ComparedFiles {
  readonly folder: string;
  readonly comparison: Comparison;
  /** In Markdown, as `comparison.md` has it. */
  readonly table: string;
  /** Undefined where no run is done. */
  readonly page?: string;
  readonly failed: readonly FailedRun[];
}

interface Plan {
  readonly grid: Grid;
  /** Absolute. */
  readonly folder: string;
  readonly runs: readonly PlannedRun[];
  /** Those of them that may be trained. */
  readonly chosen: readonly PlannedRun[];
}

/**
 * The runs of a comparison, and how far each of them is; nothing is written.
 *
 * @param options those of {@link compare}, of which the ones for planning are looked at
 * @throws as {@link compare}, but for what comes of training
 */
export async function plannedRuns(
  given: GridInput | readonly string[],
  options: PlanningOptions = {},
): Promise<readonly { readonly name: string; readonly folder: string; readonly state: RunState }[]> {
  requireKnownOptions<CompareOptions>('plannedRuns', options, OPTIONS);
  const { grid, chosen } = await plan(given, options);
  return Promise.all(
    chosen.map(async (run) => ({
      name: run.name,
      folder: run.folder,
      state: await runStateOf(run, grid.evaluators),
    })),
  );
}

/**
 * Trains every arm of a grid with every seed, each run in a process of its own, judges the encoders and
 * sets the results side by side: `comparison.json`, `comparison.md` and `report.html`. A run that is done
 * is skipped and one that was interrupted is resumed, so that the same call goes on where another ended.
 *
 * Where the encoders are looked at, an engine is left running; no tensor is kept.
 *
 * @param given a grid, its file or name; or files and presets of runs, which are arms by their names
 * @throws {ConfigError} `INVALID_CONFIG` with what is wrong with any of the configurations
 * @throws {ProtoclError} `CONFIG_DIFFERS` if the folder holds runs of other settings; `FOLDER_IN_USE`; `INTERRUPTED`;
 *   `CONFIG_FILE`, `UNKNOWN_NAME`, `UNKNOWN_OPTION`, `USAGE`; `DISK_FULL`, `FILE_NOT_WRITABLE`. A run that fails is told in
 *   the result and leaves the others alone.
 */
export async function compare(
  given: GridInput | readonly string[],
  options: CompareOptions = {},
): Promise<ComparedFiles> {
  requireKnownOptions('compare', options, OPTIONS);
  const planned = await plan(given, options);
  return withFolderLocked(planned.folder, 'comparison', () => carryOut(planned, options));
}

async function carryOut(
  { grid, folder, runs, chosen }: Plan,
  options: CompareOptions,
): Promise<ComparedFiles> {
  tellOfSeeds(grid, options.log ?? (() => undefined));
  const failed = await perform(grid, chosen, options);
  if (options.signal?.aborted === true) {
    const states = await Promise.all(chosen.map((run) => runStateOf(run, grid.evaluators)));
    const done = states.filter((state) => state === 'done').length;
    throw pipelineError('INTERRUPTED', {
      message: `the comparison was interrupted; ${done} of ${chosen.length} runs are done`,
      remedy: 'The same comparison goes on where this one ended',
    });
  }
  const comparison = await comparisonOf(grid, runs, folder);
  const { table, page } = await unlessStopped(
    options.signal,
    'the comparison was interrupted; all runs are done, its page is not written',
    () => writeComparison(folder, runs, comparison, options),
  );
  return { folder, comparison, table, ...(page !== undefined && { page }), failed };
}

async function plan(given: GridInput | readonly string[], options: PlanningOptions): Promise<Plan> {
  const { out, seeds, parallel, only, changes = [] } = options;
  const opened = await openGrid(given);
  const grid = {
    ...opened,
    ...(seeds && { seeds: [...seeds] }),
    ...(parallel !== undefined && { parallel }),
  };
  const names = grid.arms.map(({ name }) => name);
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw pipelineError('USAGE', {
      message: 'there is no such arm',
      given: unknown.join(', '),
      expected: `some of ${names.join(', ')}`,
    });
  }
  requireNoSeed(changes);
  if (grid.seeds.length === 0 || new Set(grid.seeds).size < grid.seeds.length) {
    throw new ConfigError([
      { kind: 'wrong value', path: 'seeds', given: grid.seeds, expected: 'at least one seed, and each once' },
    ]);
  }
  const folder = resolve(out ?? join('runs', grid.name));
  const runs = planRuns(grid, { folder, changes });
  await requireSameConfigs(runs);
  return { grid, folder, runs, chosen: only ? runs.filter(({ arm }) => only.includes(arm)) : runs };
}

async function perform(
  { evaluators, parallel }: Grid,
  runs: readonly PlannedRun[],
  { signal, program = commandLineProgram(), log = () => undefined }: CompareOptions,
): Promise<FailedRun[]> {
  const states = await Promise.all(runs.map((run) => runStateOf(run, evaluators)));
  const due = runs.filter((_, index) => states[index] !== 'done');
  if (due.length < runs.length) log(`${runs.length - due.length} of ${runs.length} runs are done already`);
  const progress = new ComparisonProgress({ due: due.length, total: runs.length, parallel, log });
  const failed: FailedRun[] = [];
  const work = async (run: PlannedRun) => {
    progress.begin(run, states[runs.indexOf(run)]!);
    const outcome = await performRun(run, { evaluators, program, ...(signal && { signal }) });
    progress.end(run, outcome);
    if (outcome.status === 'failed') failed.push({ name: run.name, reason: outcome.reason });
  };
  await inParallel(due, parallel, work, signal);
  return failed;
}

/** A seed for all runs would have no effect. */
function requireNoSeed(changes: readonly ConfigLayer[]): void {
  const layer = changes.find(({ values }) => 'seed' in values);
  if (layer === undefined) return;
  throw new ConfigError([
    {
      kind: 'impossible combination',
      path: 'seed',
      origin: layer.origin,
      given: layer.values['seed'],
      expected: 'no seed besides those of the comparison',
      suggestion: 'Name it by --seeds',
    },
  ]);
}

/** A configuration of one run may have a seed, which those of the comparison take the place of. */
function tellOfSeeds({ arms, seeds }: Grid, log: (line: string) => void): void {
  for (const { name, layers } of arms) {
    const own = layers.findLast(({ values }) => 'seed' in values);
    if (own)
      log(`${name}: trained with ${seeds.join(', ')} in the place of its seed ${String(own.values['seed'])}`);
  }
}
