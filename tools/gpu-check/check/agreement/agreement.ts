import { ensureKernels } from '@protocl/backend';
import { registerTorchBackend } from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import { gpuCheckError } from '../../errors.js';
import { value, type Step } from '../step.js';
import { agreementCases, type AgreementCase } from './cases.js';
import { pclSteps, type PclSteps } from './pclSteps.js';

/** How far two engines are apart in one output. */
interface Difference {
  readonly name: string;
  readonly error: number;
  readonly tolerance: number;
}

/** Losses, fused ops, networks and steps of PCL on the device, against the processor. */
export const agreement: Step = {
  name: 'agreement',
  what: 'losses, fused ops, networks and PCL steps against the processor: values and gradients',
  leastSeconds: 15,
  mostSeconds: 120,
  async run({ device, tell, log }) {
    // On the processor, the way that tensors of other devices take is tried against the processor's own.
    const differences = await compare(device === 'cpu' ? 'cpu:0' : device, log);
    for (const { name, error } of differences) tell(value(name, 'relative error', error));
    const failed = differences.filter(({ error, tolerance }) => !(error <= tolerance));
    if (failed.length === 0) return undefined;
    throw gpuCheckError('STEP_FAILED', {
      message:
        `${failed.length} of ${differences.length} outputs differ:\n` +
        failed.map(({ name, error, tolerance }) => `${name}: ${error} (at most ${tolerance})`).join('\n'),
    });
  },
};

type Outputs = Readonly<Record<string, Float32Array>>;
/** What a case came to; the error where it threw. */
type CaseResult = Outputs | Error;

async function compare(device: string, log: (line: string) => void): Promise<Difference[]> {
  await startOn('cpu');
  const expected = await computeAll(log);
  const expectedSteps = await pclSteps();
  await startOn(device);
  const ours = await computeAll(log);
  return [
    ...agreementCases.flatMap((each, i) => differencesOf(each, ours[i]!, expected[i]!)),
    ...differencesOfSteps(await pclSteps(expectedSteps.state), expectedSteps),
  ];
}

function differencesOf(
  { name, tolerance }: AgreementCase,
  ours: CaseResult,
  expected: CaseResult,
): Difference[] {
  // One op that is missing on the device does not hide the others.
  if (ours instanceof Error || expected instanceof Error) return [{ name, error: Infinity, tolerance }];
  return Object.entries(expected).map(([output, values]) => ({
    name: `${name}: ${output}`,
    error: relativeError(ours[output]!, values),
    tolerance,
  }));
}

async function computeAll(log: (line: string) => void): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { name, compute } of agreementCases) {
    try {
      results.push(await read(tf.tidy(() => compute() as tf.NamedTensorMap)));
    } catch (error) {
      log(`${name}: ${String(error)}`);
      results.push(error as Error);
    }
  }
  return results;
}

async function read(outputs: tf.NamedTensorMap): Promise<Outputs> {
  const values = await Promise.all(
    Object.entries(outputs).map(
      async ([name, tensor]) => [name, Float32Array.from(await tensor.data())] as const,
    ),
  );
  tf.dispose(outputs);
  return Object.fromEntries(values);
}

function differencesOfSteps(ours: PclSteps, expected: PclSteps): Difference[] {
  return [
    {
      name: 'PCL: share of other assignments',
      error: otherShare(ours, expected.assignments),
      tolerance: 0.02,
    },
    { name: 'PCL: losses', error: relativeError(ours.losses, expected.losses), tolerance: 1e-4 },
    { name: 'PCL: gradients', error: relativeError(ours.gradients, expected.gradients), tolerance: 1e-3 },
    { name: 'PCL: weights', error: relativeError(ours.weights, expected.weights), tolerance: 1e-3 },
  ];
}

function otherShare(ours: PclSteps, assignments: readonly Int32Array[]): number {
  const all = assignments.flatMap((expected, m) =>
    [...expected].map((cluster, i) => cluster === ours.assignments[m]![i]),
  );
  return all.filter((isSame) => !isSame).length / all.length;
}

/** ‖a − b‖ / ‖b‖; NaN never passes for agreement. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return a.length === b.length ? Math.sqrt(difference / Math.max(length, 1e-30)) : NaN;
}

async function startOn(device: string): Promise<void> {
  // In full precision: TF32 rounds to 10 bits, which would hide what is looked for.
  registerTorchBackend({ device, float32Precision: 'highest' });
  if (!(await tf.setBackend('torch'))) throw new Error(`the torch backend does not start on ${device}`);
  ensureKernels('torch');
}
