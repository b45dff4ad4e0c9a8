import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { benchError } from '../harness/benchError.js';
import type { Sides } from '../harness/comparison.js';
import { Side, type SideCommand, type SideReply } from '../harness/side.js';
import type { BenchOptions } from '../options.js';
import { networkTask, sizesFor } from './cases.js';

/** The name of the check, for `--filter`. */
export const agreement = 'resnet/agreement';

const STEPS = 3;
const TOLERANCE = 1e-3;

/**
 * Trains both sides for three steps from the same weights on the same images, so that what is timed
 * afterwards is known to be the same computation.
 *
 * @returns the losses, in one line
 * @throws {ProtoclError} `BENCH_DISAGREEMENT` if a loss differs by more than 1e-3 of its value
 */
export async function checkAgreement(sides: Sides, options: BenchOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
  const task = {
    case: 'agreement',
    ...networkTask(sizesFor(options)),
    folder,
    threads: Math.max(...options.threads),
    device: options.device,
    backend: options.backend,
  };
  try {
    // Our side goes first: it leaves the weights and images in the folder.
    const ours = await lossesOf(sides.ours, task);
    if (sides.peer === null) return `${agreement}: ours ${formatted(ours)}, no peer to compare with`;
    const peer = await lossesOf(sides.peer, { ...task, layout: 'contiguous' });
    const line = `${agreement}: ours ${formatted(ours)}, ${sides.peerName} ${formatted(peer)}`;
    const furthest = Math.max(...ours.map((loss, i) => Math.abs(loss / peer[i]! - 1)));
    if (furthest <= TOLERANCE) return `${line}; equal to ${furthest.toExponential(1)}`;
    throw benchError('BENCH_DISAGREEMENT', {
      message: 'the two sides do not compute the same thing',
      given: line,
      expected: `losses that are equal to ${TOLERANCE} of their value`,
      remedy: 'Find the difference first: times of different computations cannot be compared',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function lossesOf(command: SideCommand, task: object): Promise<number[]> {
  const side = new Side(command);
  try {
    await side.request({ ...task, cmd: 'prepare' });
    return lossesIn(await side.request({ cmd: 'run', iterations: STEPS }));
  } finally {
    await side.stop();
  }
}

function lossesIn({ losses }: SideReply): number[] {
  if (Array.isArray(losses) && losses.length === STEPS && losses.every(Number.isFinite)) {
    return losses as number[];
  }
  throw benchError('BENCH_MEASUREMENT_MISSING', {
    message: 'a side did not report its losses',
    given: losses,
    expected: `${STEPS} finite numbers`,
  });
}

function formatted(losses: readonly number[]): string {
  return losses.map((loss) => loss.toFixed(5)).join(' ');
}
