import { engine, ready, setBackend } from '@tensorflow/tfjs-core';
import { isProtoclError } from '@protocl/core/errors';
import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { candidates, ENGINES, isRegistered } from './engines/candidates.js';
import { BACKEND_NAMES } from './engines/engine.js';
import type { BackendName, Engine, EngineOptions } from './engines/engine.js';
import { firstLine } from './engines/importOptional.js';
import { isNode } from './engines/platform.js';
import { verifyBackend } from './engines/verifyBackend.js';
import { ensureKernels } from './ensureKernels.js';
import { backendError } from './errors.js';

/** How {@link useBackend} starts a backend. What does not apply to the backend is not read. */
export interface UseBackendOptions {
  /** The device of torch: `cpu`, `cuda`, `cuda:N` or `mps`, and `cpu:0` for tests. Default: `PROTOCL_DEVICE`, else `cpu`. */
  readonly device?: string;
  /** Threads of one op, on torch, tfjs-node and, in browsers, wasm. Default: what the backend takes. */
  readonly threads?: number;
  /** Bytes of CPU tensors above which torch fails with a typed error. Default: the machine's memory. */
  readonly memoryLimit?: number;
  /**
   * How torch multiplies float32 on CUDA: in full precision (`highest`), or with TF32 in products and convolutions
   * (`high`). Default: libtorch's own, TF32 in convolutions only.
   */
  readonly float32Precision?: 'highest' | 'high';
  /** Whether cuDNN, with torch on CUDA, tries its algorithms at each new shape and takes the fastest. Default: no. */
  readonly cudnnBenchmark?: boolean;
  /** Told which backend runs and why no better one does, on one line, and the steps of a longer set-up. */
  readonly log?: (line: string) => void;
}

const OPTIONS: OptionNames<UseBackendOptions> = {
  device: true,
  threads: true,
  memoryLimit: true,
  float32Precision: true,
  cudnnBenchmark: true,
  log: true,
};

/** A backend that could not be used. */
export interface RejectedBackend {
  readonly name: Engine['name'];
  /** One line: what is in the way, and what to do about it. */
  readonly why: string;
  /** The error behind it. */
  readonly error: unknown;
}

/** The backend that runs. */
export interface BackendSelection {
  /** `other`: one that was registered under a name that this package does not know. */
  readonly name: Engine['name'];
  /** The name that `tf.getBackend()` gives. */
  readonly tfjsName: string;
  /** `cpu`, `gpu`, `mps`, `cuda` or `cuda:N`; `unknown` of another backend. */
  readonly device: string;
  /** One line: why it is this one. */
  readonly reason: string;
  /** The better ones that `auto` tried before, best first. */
  readonly rejected: readonly RejectedBackend[];
}

let lastCall: Promise<unknown> = Promise.resolve();

/**
 * Starts a TensorFlow.js backend, checks that it computes and makes it the active one.
 *
 * `auto` takes, in Node, the first that works of torch, tfjs-node-gpu, tfjs-node, webgpu, wasm and cpu. Their
 * packages are loaded only here, and only if installed. On a page it takes the first that works of those that
 * the page has imported: webgpu, webgl, wasm, cpu, or whatever else is registered. The fused ops, the gradients and, on wasm,
 * the kernels missing there are registered. Calls run one after the other; a backend that runs
 * already is used again, and tensors follow to another one when they are used there.
 *
 * @throws BackendError `UNKNOWN_BACKEND`, `UNKNOWN_OPTION` or `INVALID_OPTION` for what cannot be meant;
 *   `BACKEND_UNAVAILABLE` where a backend asked for by name cannot run, `NO_BACKEND` where none can;
 *   `BACKEND_IN_USE` where a running one would need other settings. The active backend then stays.
 */
export async function useBackend(
  name: BackendName | 'auto' = 'auto',
  options: UseBackendOptions = {},
): Promise<BackendSelection> {
  requireKnownName(name);
  requireKnownOptions('useBackend', options, OPTIONS);
  requireValidOptions(options);
  const call = lastCall.then(() => select(name, { ...options, log: options.log ?? printLine }));
  lastCall = call.catch(() => undefined);
  return call;
}

function printLine(line: string): void {
  console.error(`[protocl] ${line}`);
}

async function select(name: BackendName | 'auto', options: EngineOptions): Promise<BackendSelection> {
  const rejected: RejectedBackend[] = [];
  for (const candidate of name === 'auto' ? candidates() : [ENGINES[name]]) {
    const { name: candidateName, tfjsName } = candidate;
    const wasRegistered = isRegistered(candidate);
    try {
      const device = await activate(candidate, options);
      const reason = reasonFor(name, rejected, wasRegistered);
      options.log(`backend ${candidateName === 'other' ? tfjsName : candidateName} on ${device}: ${reason}`);
      return { name: candidateName, tfjsName, device, reason, rejected };
    } catch (error) {
      // The caller has to settle this one; a slower backend would only hide it.
      if (isProtoclError(error, 'BACKEND_IN_USE')) throw error;
      rejected.push({ name: candidateName, why: firstLine(error), error });
    }
  }
  throw name === 'auto' ? noneWorks(rejected) : unavailable(rejected[0] as RejectedBackend);
}

/** Starts and verifies an engine, and makes it the active one; on failure the active one stays. */
async function activate(candidate: Engine, options: EngineOptions): Promise<string> {
  const device = await candidate.start(options);
  const previous = engine().backendName as string | null | undefined;
  await setBackend(candidate.tfjsName);
  // Another start that TensorFlow.js may still be waiting for would make every op fail until it ends.
  await ready();
  try {
    await verifyBackend();
    ensureKernels(candidate.tfjsName);
  } catch (error) {
    if (previous != null && previous !== candidate.tfjsName) await setBackend(previous);
    throw error;
  }
  return device;
}

function reasonFor(
  asked: BackendName | 'auto',
  rejected: readonly RejectedBackend[],
  wasRegistered: boolean,
): string {
  if (asked !== 'auto') return 'asked for by name';
  if (rejected.length === 0)
    return wasRegistered && !isNode() ? 'the best of those that are registered' : 'the best there is';
  const better = rejected.map(({ name, why }) => `${name} (${why.replace(/\.$/, '')})`).join(', ');
  return `the best that works here; better but not available: ${better}`;
}

function noneWorks(rejected: readonly RejectedBackend[]): Error {
  return backendError('NO_BACKEND', {
    message: 'No TensorFlow.js backend works here',
    given: rejected.map(({ name, why }) => `${name}: ${why}`).join(' '),
    expected: 'at least one',
    remedy: isNode()
      ? 'Install one that runs anywhere: npm install @tensorflow/tfjs-backend-wasm'
      : "Import one with the page before calling useBackend, such as: import '@tensorflow/tfjs-backend-webgl'",
    cause: new AggregateError(
      rejected.map(({ error }) => error),
      'every backend failed to start',
    ),
  });
}

function unavailable({ name, why, error }: RejectedBackend): Error {
  const { remedy: itsOwn } = error as { remedy?: unknown };
  const remedy = typeof itsOwn === 'string' ? itsOwn : "Use useBackend('auto') to take the best that works";
  // The reason mostly ends with the remedy, which this error says itself.
  const withoutRemedy = why.replace(`${remedy}.`, '').replace(remedy, '').trim();
  return backendError('BACKEND_UNAVAILABLE', {
    message: `The backend ${name} cannot run here: ${withoutRemedy}`,
    remedy,
    cause: error,
  });
}

function requireKnownName(name: string): void {
  if (name === 'auto' || (BACKEND_NAMES as readonly string[]).includes(name)) return;
  throw backendError('UNKNOWN_BACKEND', {
    message: 'There is no such backend',
    given: name,
    expected: ['auto', ...BACKEND_NAMES].join(', '),
  });
}

function requireValidOptions(options: UseBackendOptions): void {
  const { device, threads, memoryLimit, float32Precision, cudnnBenchmark, log } = options;
  const isCount = (value: unknown) =>
    value === undefined || (Number.isSafeInteger(value) && (value as number) > 0);
  const problems: [name: string, isValid: boolean, given: unknown, expected: string][] = [
    [
      'device',
      device === undefined || /^(cpu(:0)?|mps|cuda(:\d+)?)$/.test(device),
      device,
      'cpu, cuda, cuda:N or mps',
    ],
    ['threads', isCount(threads), threads, 'a positive whole number'],
    ['memoryLimit', isCount(memoryLimit), memoryLimit, 'a positive whole number of bytes'],
    [
      'float32Precision',
      float32Precision === undefined || ['highest', 'high'].includes(float32Precision),
      float32Precision,
      "'highest' or 'high'",
    ],
    [
      'cudnnBenchmark',
      cudnnBenchmark === undefined || typeof cudnnBenchmark === 'boolean',
      cudnnBenchmark,
      'true or false',
    ],
    ['log', log === undefined || typeof log === 'function', log, 'a function that takes a line'],
  ];
  for (const [name, isValid, given, expected] of problems) {
    if (!isValid)
      throw backendError('INVALID_OPTION', {
        message: `useBackend cannot use this ${name}`,
        given,
        expected,
      });
  }
}
