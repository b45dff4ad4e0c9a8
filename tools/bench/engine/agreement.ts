import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { benchError } from '../harness/benchError.js';
import type { Sides } from '../harness/comparison.js';
import { Side, type RequestOptions, type SideCommand, type SideReply } from '../harness/side.js';
import type { BenchOptions } from '../options.js';
import { networkTask, type NetworkSizes } from './networks.js';

/** The name of the check of a network, for `--filter`. */
export function agreementName({ depth }: NetworkSizes): string {
  return `resnet${depth}/agreement`;
}

const STEPS = 3;
const TOLERANCE = 1e-3;

/**
 * Trains both sides for three steps from the same weights on the same images, so that what is timed
 * afterwards is known to be the same computation. In full float32: with less, no two ways to compute agree.
 *
 * @returns the losses, in one line
 * @throws {ProtoclError} `BENCH_DISAGREEMENT` if a loss differs by more than 1e-3 of its value
 */
export async function checkAgreement(
  network: NetworkSizes,
  sides: Sides,
  options: Pick<BenchOptions, 'threads' | 'device' | 'backend'>,
  request: RequestOptions = {},
): Promise<string> {
  const name = agreementName(network);
  const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
  const task = {
    case: 'agreement',
    ...networkTask(network),
    folder,
    threads: Math.max(...options.threads),
    device: options.device,
    backend: options.backend,
  };
  try {
    // Our side goes first: it leaves the weights and images in the folder.
    const ours = await lossesOf(sides.ours, { ...task, float32Precision: 'highest' }, request);
    if (sides.peer === null) return `${name}: ours ${formatted(ours)}, no peer to compare with`;
    const peer = await lossesOf(sides.peer, { ...task, layout: 'contiguous', precision: 'float32' }, request);
    const line = `${name}: ours ${formatted(ours)}, ${sides.peerName} ${formatted(peer)}`;
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

async function lossesOf(command: SideCommand, task: object, options: RequestOptions): Promise<number[]> {
  const side = new Side(command);
  try {
    await side.request({ ...task, cmd: 'prepare' }, options);
    return lossesIn(await side.request({ cmd: 'run', iterations: STEPS }, options));
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
