import { benchError } from '../harness/benchError.js';
import type { Sides } from '../harness/comparison.js';
import { Side, type SideCommand } from '../harness/side.js';
import type { BenchOptions } from '../options.js';
import { peerWays, taskName, tolerances, type EvaluatorTask, type Tolerance } from './cases.js';

/** The name of a task's check, for `--filter`. */
export function scoresName(task: EvaluatorTask): string {
  return `${taskName(task)}/scores`;
}

/**
 * Evaluates once on both sides and compares the scores, so that the times that follow are known to be for the same
 * quality.
 *
 * @returns the scores, in one line
 * @throws {ProtoclError} `BENCH_DISAGREEMENT` if one of ours is worse by more than its tolerance
 */
export async function checkScores(
  task: EvaluatorTask,
  folder: string,
  sides: Sides,
  { threads, device, backend, tiny }: BenchOptions,
): Promise<string> {
  const parameters = { ...task, folder, check: true, threads: Math.max(...threads), device, backend };
  const expected = tolerances[task.evaluator];
  const named = (scores: readonly number[]): string =>
    scores.map((score, i) => `${expected[i]!.name} ${score.toPrecision(6)}`).join(', ');
  const name = scoresName(task);
  const ours = await scoresOf(sides.ours, parameters, expected.length);
  if (sides.peer === null) return `${name}: ours ${named(ours)}; no peer to compare with`;
  // The first of its ways, which is the usual one.
  const [way] = peerWays(task, { folder, threads: parameters.threads, cores: [] });
  const peer = await scoresOf(sides.peer, { ...parameters, ...way!.task }, expected.length);
  const line = `${name}: ours ${named(ours)}; ${sides.peerName} ${named(peer)}`;
  const agree = expected.every((tolerance, i) => isWithin(tolerance, ours[i]!, peer[i]!));
  // Scores of few samples jump, apart from those that are computed and not found.
  if (agree || (tiny && expected.every(({ kind }) => kind !== 'equal'))) return line;
  throw benchError('BENCH_DISAGREEMENT', {
    message: 'our scores are worse',
    given: line,
    expected: expected.map(({ name: score, most, kind }) => `${score} to a ${kind} of ${most}`).join(', '),
    remedy: 'Find the difference first: times of different computations cannot be compared',
  });
}

function isWithin({ kind, most, better }: Tolerance, ours: number, peer: number): boolean {
  const worse = better === 'higher' ? peer - ours : ours - peer;
  if (kind === 'equal') return Math.abs(worse) <= most;
  return worse <= (kind === 'share' ? most * Math.abs(peer) : most);
}

async function scoresOf(command: SideCommand, parameters: object, count: number): Promise<number[]> {
  const side = new Side(command);
  try {
    await side.request({ ...parameters, cmd: 'prepare' });
    const { scores } = await side.request({ cmd: 'run', iterations: 1 });
    if (Array.isArray(scores) && scores.length === count && scores.every(Number.isFinite)) {
      return scores as number[];
    }
    throw benchError('BENCH_MEASUREMENT_MISSING', {
      message: `${command.label} did not report its scores`,
      given: scores,
      expected: `${count} finite numbers`,
    });
  } finally {
    await side.stop();
  }
}
