import { setTimeout as sleep } from 'node:timers/promises';

import { serializeError } from '@protocl/core';

import { roundOrder, type Contender, type Trial } from './comparison.js';
import { describeLibraries } from './libraries.js';
import type { Runner } from './runner.js';
import { median } from './statistics.js';

/** What a tournament is run with. */
export interface TournamentOptions {
  /** How often the work is done for a sample. */
  readonly iterations: number;
  /** Of the case. */
  readonly unit: string;
  /** Seconds of a unit. */
  readonly unitSeconds: number;
  /** Starts the process of a setting. */
  readonly start: (contender: Contender) => Runner;
  readonly prepare: (runner: Runner) => Promise<void>;
  /** What is waited before a sample. */
  readonly settleMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Told one line for each setting. */
  readonly report: (line: string) => void;
}

/** How a tournament ended. */
export interface TournamentResult {
  /** The fastest setting, prepared and warm; null where none could do the task. */
  readonly winner: Runner | null;
  /** Those that could not, ended. */
  readonly failed: readonly Runner[];
  readonly trials: readonly Trial[];
}

/** A setting whose best sample is so many times the best of all is out: after its first samples, and in the final. */
const MARGIN = 1.25;
const FINAL_MARGIN = 1.1;
/** Of work that takes seconds one sample says enough; the time of short work varies more. */
const FIRST_SAMPLES = 3;
const FINAL_ROUNDS = 3;
const LONG_SECONDS = 2;
/** Work that takes longer is not repeated to see that it is far too slow, although that was the first run. */
const VERY_LONG_SECONDS = 10;
const COLD_MARGIN = 2;
/** How long the first run of a setting may take, beyond a few times that of the fastest; some compile in it. */
const PATIENCE_SECONDS = 30;
const COMPILING_SECONDS = 300;
const PATIENCE_RUNS = 4;

/**
 * Finds the fastest of the peer's settings. Each has a process of its own. They begin one after the other, with a run
 * to get warm and few samples; who is clearly slower than the fastest so far is ended at once. Who is left takes samples
 * in turn with the others, and the lowest median wins.
 *
 * @throws {ProtoclError} if a setting fails that may not
 */
export async function tournament(
  entrants: readonly Contender[],
  options: TournamentOptions,
): Promise<TournamentResult> {
  const { iterations, signal, report } = options;
  const trials = new Map<Contender, Trial>();
  const failed: Runner[] = [];
  /** Who may still win. */
  let left: Runner[] = [];

  const trialOf = (runner: Runner, taken: boolean): Trial => ({
    label: runner.contender.label,
    median: runner.seconds.length === 0 ? null : median(runner.seconds) / options.unitSeconds,
    samples: runner.seconds.length,
    taken,
    libraries: runner.libraries,
  });
  const leave = async (runner: Runner): Promise<void> => {
    left = left.filter((other) => other !== runner);
    await runner.end();
  };
  const lose = async (runner: Runner): Promise<void> => {
    trials.set(runner.contender, trialOf(runner, false));
    await leave(runner);
  };
  const dropLosers = async (margin: number): Promise<void> => {
    const best = Math.min(...left.map(fastest));
    for (const runner of left.filter((one) => fastest(one) > margin * best)) await lose(runner);
  };
  const sample = async (runner: Runner): Promise<void> => {
    await sleep(options.settleMilliseconds);
    await runner.sample(iterations);
  };
  const begin = async (runner: Runner, leader: number): Promise<void> => {
    await options.prepare(runner);
    if (runner.reason !== undefined) return;
    const ownSeconds = runner.contender.compiles ? COMPILING_SECONDS : PATIENCE_SECONDS;
    const patience = leader === Infinity ? undefined : ownSeconds + PATIENCE_RUNS * leader;
    await runner.sample(iterations, patience);
    const cold = fastest(runner) * iterations;
    if (cold <= VERY_LONG_SECONDS || cold <= COLD_MARGIN * leader) {
      runner.startAnew();
      const count = cold < LONG_SECONDS ? FIRST_SAMPLES : 1;
      for (let i = 0; i < count; i++) await sample(runner);
    }
    await runner.readLibraries();
  };
  /** A setting that fails is out, and so is one that was ended because it took so long. */
  const attempt = async (runner: Runner, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (signal?.aborted) return;
      const { code, message } = serializeError(error);
      runner.reason = message;
      if (!runner.contender.mayFail && (code !== 'BENCH_SIDE_SILENT' || left.length === 1)) throw error;
    }
    if (runner.reason === undefined) return;
    failed.push(runner);
    await leave(runner);
  };

  try {
    for (const contender of entrants) {
      if (signal?.aborted) break;
      const leader = Math.min(...left.map(fastest)) * iterations;
      const runner = options.start(contender);
      left.push(runner);
      await attempt(runner, () => begin(runner, leader));
      const { median: middle, libraries } = trialOf(runner, false);
      const time =
        middle === null ? (runner.reason ?? 'no time') : `${middle.toPrecision(4)} ${options.unit}`;
      report(
        `  ${[`${contender.label}: ${time}`, describeLibraries(libraries)].filter(Boolean).join(' with ')}`,
      );
      await dropLosers(MARGIN);
    }
    const rounds = Math.min(...left.map(fastest)) * iterations < LONG_SECONDS ? FINAL_ROUNDS : 1;
    for (let round = 0; left.length > 1 && round < rounds && signal?.aborted !== true; round++) {
      for (const runner of roundOrder(left, round)) await attempt(runner, () => sample(runner));
      await dropLosers(FINAL_MARGIN);
    }
    const winner = left.toSorted((a, b) => median(a.seconds) - median(b.seconds))[0] ?? null;
    for (const runner of left.filter((one) => one !== winner)) await lose(runner);
    if (winner !== null) {
      trials.set(winner.contender, trialOf(winner, true));
      winner.startAnew();
    }
    return { winner, failed, trials: entrants.flatMap((contender) => trials.get(contender) ?? []) };
  } catch (error) {
    await Promise.all(left.map((runner) => runner.end()));
    throw error;
  }
}

/** The best sample of a setting; one without any cannot win. */
function fastest({ seconds }: Runner): number {
  return Math.min(...seconds);
}
