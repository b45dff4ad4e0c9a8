import type { Sides } from '../harness/comparison.js';
import { Side, type RequestOptions, type SideCommand, type SideReply } from '../harness/side.js';
import { benchError } from '../harness/benchError.js';
import type { BenchOptions } from '../options.js';
import { networkName, networkTask, type NetworkSizes } from './networks.js';

/** What one kind of kernel, of copy or, on the processor, of operator takes in a training step. */
export interface KernelShare {
  readonly name: string;
  /** In a step, on average. */
  readonly calls: number;
  readonly milliseconds: number;
}

/** Where the time of a training step goes on one side. */
export interface SideProfile {
  /** The ten that take most time; operators on the processor. */
  readonly kernels: readonly KernelShare[];
  /** Kinds of kernels beyond those, and their time together. */
  readonly others: { readonly kinds: number; readonly calls: number; readonly milliseconds: number };
  /** Copies between host and device, and within the device. */
  readonly copies: readonly KernelShare[];
}

/** The profile of a network's training step; a side's message where it has failed, null where there is no peer. */
export interface StepProfile {
  readonly name: string;
  readonly ours: SideProfile | { readonly error: string };
  readonly peer: SideProfile | { readonly error: string } | null;
}

const MOST_KERNELS = 10;
/** Steps before, so that all that is found by trial has been found. */
const WARMUPS = 3;
const STEPS = 3;

/**
 * Looks at training steps kernel by kernel, on both sides: with TF32, PyTorch eager with channels last. Nothing here is
 * compared; times under a profiler are longer than without.
 */
export async function profileSteps(
  networks: readonly NetworkSizes[],
  sides: Sides,
  options: Pick<BenchOptions, 'device' | 'backend' | 'threads'>,
  request: RequestOptions = {},
): Promise<StepProfile[]> {
  const { device, backend, threads } = options;
  const profiles: StepProfile[] = [];
  for (const network of networks) {
    if (request.signal?.aborted) break;
    const task = {
      case: 'profile',
      ...networkTask(network),
      device,
      backend,
      threads: Math.max(...threads),
      cudnnBenchmark: true,
    };
    const peerTask = { ...task, layout: 'channels_last', way: 'fused', precision: 'tf32' };
    profiles.push({
      name: `${networkName(network)}/profile`,
      ours: await attempt(sides.ours, { ...task, float32Precision: 'high' }, request),
      peer: sides.peer && (await attempt(sides.peer, peerTask, request)),
    });
  }
  return profiles;
}

/** The profiles as text, a line for each kernel. */
export function formatProfiles(profiles: readonly StepProfile[], peerName: string | null): string {
  return profiles
    .flatMap(({ name, ours, peer }) => [
      ...formatSide(`${name}: ours`, ours),
      ...(peer === null ? [] : formatSide(`${name}: ${peerName}`, peer)),
    ])
    .join('\n');
}

function formatSide(title: string, side: SideProfile | { readonly error: string }): string[] {
  if ('error' in side) return [`${title} failed: ${side.error}`];
  const line = (name: string, calls: number, milliseconds: number): string =>
    `  ${milliseconds.toFixed(3).padStart(9)} ms ${calls.toFixed(1).padStart(7)} x  ${name.slice(0, 120)}`;
  const { kernels, others, copies } = side;
  return [
    title,
    ...kernels.map(({ name, calls, milliseconds }) => line(name, calls, milliseconds)),
    line(`${others.kinds} more`, others.calls, others.milliseconds),
    ...copies.map(({ name, calls, milliseconds }) => line(name, calls, milliseconds)),
  ];
}

async function attempt(
  command: SideCommand,
  task: object,
  options: RequestOptions,
): Promise<SideProfile | { readonly error: string }> {
  const side = new Side(command);
  try {
    await side.request({ ...task, cmd: 'prepare' }, options);
    for (let i = 0; i < WARMUPS; i++) await side.request({ cmd: 'run', iterations: 1 }, options);
    return condense(await side.request({ cmd: 'run', iterations: STEPS }, options));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    await side.stop();
  }
}

function condense({ kernels: given }: SideReply): SideProfile {
  if (!Array.isArray(given) || given.length === 0) {
    throw benchError('BENCH_MEASUREMENT_MISSING', {
      message: 'a side did not report its kernels',
      given,
      expected: 'a list of names, calls and seconds',
    });
  }
  const all = (given as { name: string; calls: number; seconds: number; kind: string }[])
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ name, calls, seconds, kind }) => ({
      isCopy: kind === 'copy',
      share: { name, calls: calls / STEPS, milliseconds: (1e3 * seconds) / STEPS },
    }));
  const kernels = all.filter(({ isCopy }) => !isCopy).map(({ share }) => share);
  const rest = kernels.slice(MOST_KERNELS);
  return {
    kernels: kernels.slice(0, MOST_KERNELS),
    others: {
      kinds: rest.length,
      calls: rest.reduce((sum, { calls }) => sum + calls, 0),
      milliseconds: rest.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    },
    copies: all.filter(({ isCopy }) => isCopy).map(({ share }) => share),
  };
}
