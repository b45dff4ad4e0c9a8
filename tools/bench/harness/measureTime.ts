import { setTimeout as sleep } from 'node:timers/promises';

import { serializeError } from '@protocl/core';

import { benchError } from './benchError.js';
import {
  contendersOf,
  roundOrder,
  unitSize,
  type Case,
  type CaseSamples,
  type Contender,
  type Sides,
  type Trial,
} from './comparison.js';
import { Runner } from './runner.js';
import { SidePool } from './sidePool.js';
import { tournament } from './tournament.js';

/** How time is sampled. */
export interface TimeOptions {
  readonly samples: number;
  /** Samples of each contender that are taken first and thrown away; one where it takes seconds. */
  readonly warmups?: number;
  /** What one sample should take at least; work that is shorter is repeated. */
  readonly sampleSeconds?: number | undefined;
  /** How long any single request may take. */
  readonly requestSeconds?: number | undefined;
  /** Ends the sampling; the samples that there are by then count. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the peer's settings are tried first, so that only the fastest of them is measured; else all are. */
  readonly tournament?: boolean;
  /** Told one line for each setting that is tried. */
  readonly report?: (line: string) => void;
  /** Where the sides come from and go to; by default they live for the one case. */
  readonly pool?: SidePool;
}

/** After a sample, idle threads of its process spin for a moment and would disturb the next one. */
const SETTLE_MILLISECONDS = 15;
/** From so many seconds a run, one warms up. */
const LONG_SECONDS = 2;
const MOST_ITERATIONS = 1_000_000;

/**
 * Times a case: all contenders stay alive side by side, and each round takes one sample of each,
 * never two at a time. With a tournament, those of the peer's settings that are compared with have been reduced to the
 * fastest before. Afterwards each is asked how long its host took and how much of its device it had.
 *
 * @returns seconds per iteration, in the case's unit
 * @throws {ProtoclError} if a side crashes or reports an error, unless it is a variant that may fail; the others are
 *   ended. `BENCH_TIME_UP` if the signal comes before the first sample of ours
 */
export async function measureTime(
  benchCase: Case,
  sides: Sides,
  {
    samples,
    warmups = 2,
    sampleSeconds = 0.25,
    requestSeconds: timeoutSeconds,
    signal,
    tournament: hasTournament = false,
    report = () => undefined,
    pool = new SidePool({ keep: false }),
  }: TimeOptions,
): Promise<CaseSamples> {
  const [own, ...others] = contendersOf(benchCase, sides) as [Contender, ...Contender[]];
  const start = (contender: Contender): Runner => new Runner(contender, pool, { timeoutSeconds, signal });
  const comparable = others.filter(({ aside }) => !aside);
  const rivals = hasTournament && comparable.length > 1 ? comparable : [];
  let runners = [own, ...others.filter((contender) => !rivals.includes(contender))].map(start);
  const ours = runners[0]!;
  try {
    let versions = {};
    let iterations = benchCase.iterations;
    let trials: readonly Trial[] = [];
    let failed: readonly Runner[] = [];
    const size = unitSize[benchCase.unit];
    const inTurn = (order: readonly Runner[], act: (runner: Runner) => Promise<unknown>) =>
      eachInTurn(order, act, signal);

    const prepare = async (runner: Runner): Promise<void> => {
      versions = { ...(await runner.prepare()), ...versions };
    };
    const [compiling, atOnce] = [true, false].map((compiles) =>
      runners.filter(({ contender }) => contender.compiles === compiles),
    ) as [Runner[], Runner[]];
    await inTurn(atOnce, prepare);
    await Promise.all(compiling.map((runner) => inTurn([runner], prepare)));
    const findIterations = async (): Promise<void> => {
      if (iterations !== undefined) return;
      await inTurn([ours], async () => {
        iterations = await enoughIterations(ours, sampleSeconds);
      });
    };
    if (rivals.length > 0) {
      await findIterations();
      const unit = { unit: benchCase.unit, unitSeconds: size };
      const settle = { settleMilliseconds: SETTLE_MILLISECONDS, signal, report };
      const found = await tournament(rivals, {
        iterations: iterations ?? 1,
        start,
        prepare,
        ...unit,
        ...settle,
      });
      ({ trials, failed } = found);
      runners = [ours, ...(found.winner === null ? [] : [found.winner]), ...runners.slice(1)];
    }
    for (let i = 0; i < warmups; i++) {
      let least = Infinity;
      const times = iterations ?? 1;
      await inTurn(runners, async (runner) => {
        least = Math.min(least, times * (await runner.run(times)));
      });
      if (least > LONG_SECONDS && least < Infinity) break;
    }
    if (iterations === undefined) {
      await findIterations();
      if (iterations! > 1) await inTurn(runners, (runner) => runner.run(iterations!));
    }
    await inTurn(runners, (runner) => runner.resetPeak());
    for (let round = 0; round < samples; round++) {
      await inTurn(roundOrder(runners, round), async (runner) => {
        await sleep(SETTLE_MILLISECONDS);
        await runner.sample(iterations ?? 1);
      });
    }
    await inTurn(runners, (runner) => runner.readPeak());
    await inTurn(runners, (runner) => runner.timeHost());
    if (hasTournament) await inTurn(runners.slice(1), (runner) => runner.readLibraries());

    if (ours.seconds.length === 0) throw noTime(benchCase.name);
    const [first, ...peers] = runners.filter(({ reason, seconds }) => !reason && seconds.length > 0);
    const leftOut = [...runners, ...failed]
      .filter(({ reason, seconds }) => reason !== undefined || seconds.length === 0)
      .map(({ contender: { label }, reason }) => ({ label, reason: reason ?? 'there was no time for it' }));
    return {
      ours: first!.inUnits(size),
      peers: peers.map((peer) => peer.inUnits(size)),
      leftOut,
      trials,
      versions,
    };
  } finally {
    await Promise.all(runners.map((runner) => runner.end()));
  }
}

/** One after the other; a variant that may fail and does is left out from then on, and none is asked once time is up. */
async function eachInTurn(
  runners: readonly Runner[],
  act: (runner: Runner) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const runner of runners) {
    if (signal?.aborted) return;
    if (runner.reason !== undefined) continue;
    try {
      await act(runner);
    } catch (error) {
      if (signal?.aborted) return;
      runner.reason = serializeError(error).message;
      if (!runner.contender.mayFail) throw error;
    }
  }
}

/** The number of iterations that fills a sample, approached from below as the code gets warm. */
async function enoughIterations(runner: Runner, sampleSeconds: number): Promise<number> {
  let iterations = 1;
  for (;;) {
    const seconds = await runner.run(iterations);
    const wanted = Math.min(Math.ceil(sampleSeconds / Math.max(seconds, 1e-9)), MOST_ITERATIONS);
    if (wanted <= iterations * 2) return Math.max(wanted, 1);
    iterations = Math.min(wanted, iterations * 32);
  }
}

function noTime(name: string): Error {
  return benchError('BENCH_TIME_UP', {
    message: `there was no time for a sample of ${name}`,
    remedy: 'Allow more time, or select fewer cases',
  });
}
