import type { SideProfile } from '../../bench/engine/profile.js';
import type { BenchRecord } from '../../bench/harness/record.js';

/** One thing that a step found out. */
export type Figure =
  | { readonly kind: 'value'; readonly name: string; readonly unit: string; readonly value: number | string }
  /** A comparison with the peer, as `npm run bench` makes it. */
  | { readonly kind: 'comparison'; readonly record: BenchRecord }
  | { readonly kind: 'profile'; readonly name: string; readonly profile: SideProfile };

/**
 * How a step ended. `skipped`: it could not or need not run here, and the message says why; `cut`: its time was
 * over, and its figures are what it had until then.
 */
export type StepStatus = 'passed' | 'failed' | 'skipped' | 'cut';

export interface StepRecord {
  readonly name: string;
  readonly what: string;
  readonly status: StepStatus;
  readonly seconds: number;
  /** Why it is not `passed`, whole. */
  readonly message?: string;
  readonly figures: readonly Figure[];
  /** The commit that was packed when it ran. */
  readonly commit: string;
}

/** Where the check ran. */
export interface Machine {
  /** Of the device, or of the processor where that is the device. */
  readonly name: string;
  readonly device: string;
  readonly deviceMemoryMiB: number | null;
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly cudnn: number | null;
  readonly torch: string;
  readonly python: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
}

/** One call of `run`. */
interface CallRecord {
  /** ISO 8601. */
  readonly date: string;
  /** Its budget. */
  readonly minutes: number;
  /** From its begin to its first step: unpacking, and a look at the machine. */
  readonly readySeconds: number;
}

/** `gpu-check.json`: all that a machine told, over all calls. */
export interface CheckRecord {
  readonly machine: Machine;
  readonly calls: readonly CallRecord[];
  /** What the images of the steps with CIFAR-10 are: its own, or a stand-in whose figures mean nothing. */
  readonly images: 'cifar10' | 'stand-in' | 'none';
  /** Whether everything was small, for trying out the check itself. */
  readonly tiny: boolean;
  readonly steps: readonly StepRecord[];
}

/** The machine in one line. */
export function describeMachine(machine: Machine): string {
  const { name, deviceMemoryMiB, driver, cuda, torch, python, node, cpu, cores, memoryGiB } = machine;
  return [
    name,
    ...(deviceMemoryMiB === null ? [] : [`${(deviceMemoryMiB / 1024).toFixed(0)} GiB`]),
    ...(driver === null ? [] : [`driver ${driver}`]),
    ...(cuda === null ? [] : [`CUDA ${cuda}`]),
    `PyTorch ${torch}`,
    `Python ${python}`,
    `Node ${node}`,
    `${cpu} with ${cores} cores and ${memoryGiB} GiB`,
  ].join(', ');
}

/** Puts a step's record into the list: in the place of an earlier one of its name. */
export function withStep(steps: readonly StepRecord[], step: StepRecord): StepRecord[] {
  const others = steps.filter(({ name }) => name !== step.name);
  return [...others, step];
}
