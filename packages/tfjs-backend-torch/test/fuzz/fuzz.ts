import { writeSync } from 'node:fs';

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

import { startTorch, torchMemory } from '../startTorch.js';
import { spoiled } from './malformed.js';
import { randomCall, type RandomCall, type TensorPlan } from './randomCalls.js';
import { RandomSource } from './randomSource.js';

/** What many random calls came to. */
export interface FuzzReport {
  /** Calls that gave the same on torch and on tfjs's cpu backend, and those that both refused. */
  readonly agreed: number;
  readonly refused: number;
  /** Calls that gave something else, one line each. */
  readonly differences: readonly string[];
  /** How malformed kernel calls ended: `computed`, or the class and the code of what was thrown. */
  readonly malformed: Readonly<Record<string, number>>;
  /** Bytes of the engine that malformed calls have left behind. */
  readonly leakedBytes: number;
}

interface Result {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: number[];
}

type Outcome = Result[] | Error;

/** Makes random calls, well-formed ones on torch and on cpu, then malformed ones on torch. */
export async function fuzz(seed: number, calls: number): Promise<FuzzReport> {
  const numbers = Array.from({ length: calls }, (_, number) => number);
  await startTorch({ memoryLimit: 2 ** 31 });
  const onTorch = numbers.map((number) => outcomeOf(noted(number, seed)));
  const { malformed, leakedBytes } = runMalformed(numbers, seed);
  await tf.setBackend('cpu');
  const onCpu = numbers.map((number) => outcomeOf(randomCall(number, seed)));
  const differences = numbers.flatMap((number) => {
    const tolerance = toleranceOf(randomCall(number, seed));
    const difference = compare(onTorch[number] as Outcome, onCpu[number] as Outcome, tolerance);
    return difference === undefined ? [] : [`${describe(randomCall(number, seed))}: ${difference}`];
  });
  const refused = onTorch.filter((outcome) => outcome instanceof Error).length;
  return { agreed: calls - differences.length - refused, refused, differences, malformed, leakedBytes };
}

/** A call that is written out before it is made: the last one written is the one that ended the process. */
function noted(number: number, seed: number): RandomCall {
  const call = randomCall(number, seed);
  writeSync(1, `${number} ${describe(call)}\n`);
  return call;
}

function describe({ name, tensors, options }: RandomCall): string {
  return `${name} ${tensors.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(' ')} ${JSON.stringify(options)}`;
}

function outcomeOf(call: RandomCall): Outcome {
  try {
    return computed(call);
  } catch (error) {
    return error as Error;
  }
}

function computed({ tensors, compute }: RandomCall): Result[] {
  tf.engine().startScope();
  try {
    return [compute(...tensors.map(made))].flat().map((tensor) => ({
      dtype: tensor.dtype,
      shape: tensor.shape,
      values: Array.from(tensor.dataSync()),
    }));
  } finally {
    tf.engine().endScope();
  }
}

function made({ shape, dtype, values }: TensorPlan): tf.Tensor {
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  return tf.tensor(arrays[dtype].from(values), shape, dtype);
}

/** How far two values of a result, one of them `wanted`, may lie apart. */
type Tolerance = (result: number, element: number, wanted: number) => number;

/** Several roundings of float32, each half of 2^-23. */
const ROUNDING = 2 ** -20;

/**
 * Terms that cancel leave the rounding errors of the terms, so a sum is compared to within a share of the sum of their
 * absolute values, which is what the call gives for absolute values; all else to within a share of the result. tfjs's
 * cpu backend adds up in float64.
 */
function toleranceOf(call: RandomCall): Tolerance {
  if (call.sumsProducts !== true) return (_result, _element, wanted) => 1e-4 * (1 + Math.abs(wanted));
  const tensors = call.tensors.map((plan) => ({ ...plan, values: plan.values.map(Math.abs) }));
  const magnitudes = outcomeOf({ ...call, tensors });
  if (magnitudes instanceof Error) return () => 0;
  return (result, element) => ROUNDING * (magnitudes[result]?.values[element] ?? 0);
}

function compare(torch: Outcome, cpu: Outcome, tolerance: Tolerance): string | undefined {
  if (torch instanceof Error || cpu instanceof Error) {
    if (torch instanceof Error && cpu instanceof Error) return undefined;
    return torch instanceof Error
      ? `torch refuses it: ${torch.message}`
      : `cpu refuses it: ${(cpu as Error).message}`;
  }
  if (torch.length !== cpu.length) return `torch gives ${torch.length} tensors, cpu ${cpu.length}`;
  for (const [i, { dtype, shape, values }] of torch.entries()) {
    const wanted = cpu[i] as Result;
    if (dtype !== wanted.dtype || `${shape}` !== `${wanted.shape}`) {
      return `torch gives ${dtype}[${shape}], cpu ${wanted.dtype}[${wanted.shape}]`;
    }
    const at = values.findIndex((value, k) => {
      const expected = wanted.values[k] as number;
      return !isClose(value, expected, tolerance(i, k, expected));
    });
    if (at >= 0) return `element ${at} is ${values[at]} on torch, ${wanted.values[at]} on cpu`;
  }
  return undefined;
}

function isClose(a: number, b: number, tolerance: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= tolerance;
}

/** Spoils one kernel call within each random call. */
function runMalformed(
  numbers: readonly number[],
  seed: number,
): { malformed: Record<string, number>; leakedBytes: number } {
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  const malformed: Record<string, number> = {};
  const { liveBytes } = torchMemory();
  for (const number of numbers) {
    const random = new RandomSource(seed + 31 * number);
    const otherTensor = (): tf.Tensor => {
      const plans = randomCall(random.whole(0, 1_000), seed).tensors;
      return made(random.pick(plans));
    };
    engine.runKernel = (name: string, inputs: tf.NamedTensorMap, attributes: object = {}) => {
      const call = spoiled(inputs, { ...attributes }, random, otherTensor);
      writeSync(
        1,
        `malformed ${name} ${Object.values(call[0])
          .map((each) => `[${each?.shape}]`)
          .join(' ')} ${JSON.stringify(call[1])}\n`,
      );
      return runKernel(name, call[0] as tf.NamedTensorMap, call[1] as tf.NamedAttrMap);
    };
    const outcome = outcomeOf(randomCall(number, seed));
    const kind = outcome instanceof Error ? kindOf(outcome) : 'computed';
    malformed[kind] = (malformed[kind] ?? 0) + 1;
  }
  engine.runKernel = runKernel;
  return { malformed, leakedBytes: torchMemory().liveBytes - liveBytes };
}

function kindOf(error: Error): string {
  const code = 'code' in error ? ` ${String(error.code)}` : '';
  return `${error.name}${code}`;
}
