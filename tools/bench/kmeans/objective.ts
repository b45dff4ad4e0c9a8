import { benchError } from '../harness/benchError.js';
import type { Sides } from '../harness/comparison.js';
import { numberIn, Side, type SideCommand } from '../harness/side.js';
import type { BenchOptions } from '../options.js';
import { taskName, type KMeansTask } from './cases.js';

/** How much worse our objective may be. */
const TOLERANCE = 1e-3;

/**
 * Clusterings of an encoder's features whose objectives are averaged: the best of 5 runs is up to 0.2% better with one
 * seed than with another, on either side. Of drawn points it is the same to 0.03%.
 */
const SEEDS_OF_FEATURES = 5;

/** The name of a task's check, for `--filter`. */
export function objectiveName(task: KMeansTask): string {
  return `${taskName(task)}/objective`;
}

/**
 * Clusters on both sides and compares the sums of squared distances of all points to their nearest centroids, so that
 * the times that follow are known to be for the same quality.
 *
 * @returns the objectives, in one line
 * @throws {ProtoclError} `BENCH_DISAGREEMENT` if ours is more than 0.1% higher
 */
export async function checkObjective(
  task: KMeansTask,
  points: string,
  sides: Sides,
  { threads, device, backend, tiny, points: file }: BenchOptions,
): Promise<string> {
  const parameters = { ...task, points, threads: Math.max(...threads), device, backend };
  const seeds = file === undefined ? 1 : SEEDS_OF_FEATURES;
  const ours = await objectiveOf(sides.ours, parameters, seeds);
  const name = objectiveName(task);
  if (sides.peer === null) return `${name}: ours ${ours.toFixed(3)}, no peer to compare with`;
  const peer = await objectiveOf(sides.peer, parameters, seeds);
  const difference = ours / peer - 1;
  const line = `${name}: ours ${ours.toFixed(3)}, ${sides.peerName} ${peer.toFixed(3)}; ${(difference * 100).toFixed(3)}%`;
  // Of a few points every start makes something else.
  if (tiny || difference <= TOLERANCE) return line;
  throw benchError('BENCH_DISAGREEMENT', {
    message: 'our clusters are worse',
    given: line,
    expected: `an objective within ${TOLERANCE * 100}%`,
    remedy: 'Find the difference first: times of different computations cannot be compared',
  });
}

/** The mean over some seeds, from 1. */
async function objectiveOf(command: SideCommand, parameters: object, seeds: number): Promise<number> {
  const side = new Side(command);
  let sum = 0;
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      await side.request({ ...parameters, seed, cmd: 'prepare' });
      sum += numberIn(await side.request({ cmd: 'run', iterations: 1 }), 'objective');
    }
    return sum / seeds;
  } finally {
    await side.stop();
  }
}
