import { ensureKernels } from '@protocl/backend';
import { registerTorchBackend } from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import { gpuCheckError } from '../../errors.js';
import { value, type Step, type StepContext } from '../step.js';
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
  async run(context) {
    // On the processor itself the reference is TensorFlow.js's own backend, in JavaScript.
    const reference = context.device === 'cpu' ? 'cpu' : 'torch';
    const differences = [
      ...(await compareCases(context, reference)),
      ...(await comparePcl(context, reference)),
    ];
    for (const { name, error } of differences) context.tell(value(name, 'relative error', error));
    const failed = differences.filter(({ error, tolerance }) => !(error <= tolerance));
    if (failed.length === 0) return;
    throw gpuCheckError('STEP_FAILED', {
      message: `${failed.length} of ${differences.length} outputs differ from the processor's`,
      given: failed
        .map(({ name, error, tolerance }) => `${name}: ${error} (at most ${tolerance})`)
        .join('; '),
    });
  },
};

type Outputs = Readonly<Record<string, Float32Array>>;
/** What a case came to; a message where it threw. */
type CaseResult = Outputs | string;

async function compareCases(context: StepContext, reference: string): Promise<Difference[]> {
  await startDevice(context.device);
  const ours = await computeAll(context.log);
  await startReference(reference);
  const expected = await computeAll(context.log);
  return agreementCases.flatMap((each, i) => differencesOf(each, ours[i]!, expected[i]!));
}

function differencesOf(
  { name, tolerance }: AgreementCase,
  ours: CaseResult,
  expected: CaseResult,
): Difference[] {
  // One op that is missing on the device does not hide the others.
  if (typeof ours === 'string' || typeof expected === 'string') return [{ name, error: Infinity, tolerance }];
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
      log(`${name} on ${tf.getBackend()}: ${error instanceof Error ? error.message : String(error)}`);
      results.push(String(error));
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

async function comparePcl(context: StepContext, reference: string): Promise<Difference[]> {
  await startReference(reference);
  const expected = await pclSteps();
  await startDevice(context.device);
  const ours = await pclSteps(expected.state);
  const { assignments } = expected;
  return [
    { name: 'PCL: share of other assignments', error: otherShare(ours, assignments), tolerance: 0.02 },
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

async function startDevice(device: string): Promise<void> {
  // In full precision: TF32 rounds to 10 bits, which would hide what is looked for.
  registerTorchBackend({ device, float32Precision: 'highest' });
  await start('torch');
}

async function startReference(backend: string): Promise<void> {
  if (backend === 'torch') registerTorchBackend({ device: 'cpu' });
  await start(backend);
}

async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  ensureKernels(backend);
}
