import { registerBackend, removeBackend, findBackendFactory } from '@tensorflow/tfjs-core';

import { TorchBackend } from './backend.js';
import { completeBatchNorm } from './completeBatchNorm.js';
import { TorchBackendError } from './errors.js';
import './kernels/index.js';
import { applyCudaNumerics } from './cudaNumerics.js';
import { correctOpenBlas } from './libtorch/openblas.js';
import { loadKernelsLazily } from './libtorch/lazyKernels.js';
import { prepareTorch } from './libtorch/prepare.js';
import { spinBriefly } from './libtorch/spinning.js';
import { availableThreads } from './libtorch/threads.js';
import { memoryLimit as defaultMemoryLimit } from './memoryLimit.js';
import { registerFileModels } from './models/registerFileModels.js';
import { type Addon, loadAddon } from './native/addon.js';
import { releaseActivationsEarly } from './releaseActivations.js';
import { requireKnownOptions } from './requireKnownOptions.js';

/** How the torch backend runs. */
export interface TorchBackendOptions {
  /**
   * `cpu`, `cuda`, `cuda:N` or `mps`; for tests also `cpu:0`, which computes on the CPU what other devices compute, and
   * none of the addon's own kernels. Default: the environment variable `PROTOCL_DEVICE`, else `cpu`.
   */
  device?: string;
  /** Threads of one operator. Default: the cores that this process may use. */
  threads?: number;
  /** Bytes of CPU tensors above which allocations fail with `OUT_OF_MEMORY`. Default: the machine's or container's memory. */
  memoryLimit?: number;
  /**
   * How CUDA multiplies float32, for the whole process: `highest` in full precision everywhere, `high` with TF32 (10 bits
   * of mantissa) in products and convolutions. Default: libtorch's own, TF32 in convolutions only. Other devices always
   * use full precision.
   */
  float32Precision?: 'highest' | 'high';
  /**
   * Whether cuDNN tries its algorithms at each new shape and takes the fastest, for the whole process. Default: no.
   * Matters on CUDA only.
   */
  cudnnBenchmark?: boolean;
  /** Told one line for each step of the set-up. Default: nothing is told. */
  log?: (line: string) => void;
  /** tfjs starts the registered backend of highest priority by itself. Default 4, above its own Node backends. */
  priority?: number;
}

/**
 * Registers the backend `torch` with TensorFlow.js. It starts when tfjs first needs it, or by
 * `await tf.setBackend('torch')`: libtorch is found or fetched and the addon compiled where that has not been done.
 * Called again, it replaces the options for the next start; a backend that runs is removed, as by tfjs's
 * `removeBackend`, and its tensors with it. Models are then also saved to and loaded from `file://`, unless another
 * package, such as `@tensorflow/tfjs-node`, does that.
 *
 * @throws TorchBackendError `UNKNOWN_OPTION` for an option that there is not; `INVALID_OPTION` for a value that cannot be,
 *   such as an unknown device. The start itself fails with the codes of the set-up, such as `LIBTORCH_NOT_FOUND`, or
 *   `DEVICE_UNAVAILABLE`.
 */
export function registerTorchBackend(options: TorchBackendOptions = {}): void {
  requireKnownOptions('registerTorchBackend', options, {
    device: true,
    threads: true,
    memoryLimit: true,
    float32Precision: true,
    cudnnBenchmark: true,
    log: true,
    priority: true,
  });
  const settings = checkedOptions(options);
  if (findBackendFactory('torch') !== null) removeBackend('torch');
  registerBackend('torch', () => start(settings), options.priority ?? 4);
  registerFileModels();
}

interface Settings {
  device: string;
  threads: number | undefined;
  memoryLimit: number | undefined;
  float32Precision: 'highest' | 'high' | undefined;
  cudnnBenchmark: boolean | undefined;
  log: (line: string) => void;
}

function checkedOptions(options: TorchBackendOptions): Settings {
  const device = options.device ?? process.env['PROTOCL_DEVICE'] ?? 'cpu';
  if (!/^(cpu(:0)?|mps|cuda(:\d+)?)$/.test(device)) {
    throw new TorchBackendError('INVALID_OPTION', {
      message: `There is no device '${device}'.`,
      given: device,
      expected: 'cpu, cuda, cuda:N or mps, by the option device or by PROTOCL_DEVICE',
    });
  }
  for (const name of ['threads', 'memoryLimit'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TorchBackendError('INVALID_OPTION', {
        message: `The option ${name} is ${value}.`,
        given: value,
        expected: 'a positive whole number',
      });
    }
  }
  const { float32Precision, cudnnBenchmark } = options;
  if (float32Precision !== undefined && !['highest', 'high'].includes(float32Precision)) {
    throw new TorchBackendError('INVALID_OPTION', {
      message: `The option float32Precision is ${JSON.stringify(float32Precision)}.`,
      given: float32Precision,
      expected: "'highest' or 'high'",
    });
  }
  if (cudnnBenchmark !== undefined && typeof cudnnBenchmark !== 'boolean') {
    throw new TorchBackendError('INVALID_OPTION', {
      message: `The option cudnnBenchmark is ${JSON.stringify(cudnnBenchmark)}.`,
      given: cudnnBenchmark,
      expected: 'true or false',
    });
  }
  return {
    device,
    threads: options.threads,
    memoryLimit: options.memoryLimit,
    float32Precision,
    cudnnBenchmark,
    log: options.log ?? (() => {}),
  };
}

async function start(settings: Settings): Promise<TorchBackend> {
  const prepared = await prepareTorch({ log: settings.log });
  correctOpenBlas();
  spinBriefly();
  loadKernelsLazily();
  const addon = loadAddon(prepared.addonPath);
  requireDevice(addon, settings.device);
  addon.setThreads(settings.threads ?? availableThreads());
  addon.setMemoryLimit(settings.memoryLimit ?? defaultMemoryLimit());
  applyCudaNumerics(addon, settings);
  releaseActivationsEarly();
  completeBatchNorm();
  return new TorchBackend(settings.device);
}

function requireDevice(addon: Addon, device: string): void {
  if (device === 'cpu' || device === 'cpu:0') return;
  if (device === 'mps') {
    if (addon.hasMps() === 1) return;
    throw new TorchBackendError('DEVICE_UNAVAILABLE', {
      message: 'The device mps was asked for, but this libtorch or machine has no Metal.',
      given: device,
      remedy: 'Use the device cpu.',
    });
  }
  const count = addon.cudaDevices();
  const index = Number(device.split(':')[1] ?? 0);
  if (index < count) return;
  throw new TorchBackendError('DEVICE_UNAVAILABLE', {
    message: `The device ${device} was asked for, but libtorch ${addon.version()} sees ${count} CUDA devices.`,
    given: device,
    remedy:
      'Check nvidia-smi, and that libtorch was built for CUDA: `npx protocl-torch doctor` tells which one is used; ' +
      'PROTOCL_LIBTORCH chooses another.',
  });
}
