import { createRequire } from 'node:module';

import { TorchBackendError } from '../errors.js';

declare const handleBrand: unique symbol;

/** A tensor of the addon, known by a number. It lives until it is released. */
export type Handle = number & { readonly [handleBrand]: never };

/** What an operator takes: handles, numbers, booleans, names of data types and devices, null, and lists of them. */
export type OperatorArgument =
  Handle | number | boolean | string | null | undefined | readonly (Handle | number | boolean | null)[];

/** The functions that the C++ addon exports; see native/addon.cc. */
export interface Addon {
  findOperator(name: string, overload: string): number;
  callOperator(operator: number, ...values: OperatorArgument[]): Handle | number[];
  fromData(values: NodeJS.TypedArray, shape: readonly number[], dtype: string, device: string): Handle;
  read(handle: Handle, into: NodeJS.TypedArray): void;
  release(handle: Handle): void;
  replace(handle: Handle, other: Handle): void;
  describe(handle: Handle): void;
  isShared(handle: Handle): 0 | 1;
  bindDescription(buffer: Float64Array): void;
  setThreads(threads: number): void;
  threads(): number;
  setMemoryLimit(bytes: number): void;
  /** live bytes, cached bytes, peak of the live bytes, limit, live tensors of this thread */
  memory(): [number, number, number, number, number];
  /** 0 where another build of the addon was first in this process: the memory of tensors is counted there. */
  countsMemory(): 0 | 1;
  releaseCache(): void;
  version(): string;
  cudaDevices(): number;
  hasMps(): 0 | 1;
  /** 0 where convolutions do not ask for NNPACK, which cannot run everywhere and says so on stderr each time. */
  mayUseNnpack(): 0 | 1;
  /** Returns when all that was started on the device is done. */
  synchronize(device: string): void;
  /** bytes in tensors, their peak, bytes held for tensors; undefined where this libtorch cannot tell */
  deviceMemory(device: string): [number, number, number] | undefined;
  resetDeviceMemoryPeak(device: string): void;
  setCudaNumerics(...numerics: CudaNumerics): void;
  cudaNumerics(): CudaNumerics;
  /** 0 where the profiler runs already, in whichever thread. */
  startProfiler(cuda: boolean): 0 | 1;
  /** Names of activities, and four numbers for each: kind, thread, start and duration in nanoseconds. */
  stopProfiler(): [names: string[], numbers: number[]];
}

/** How CUDA computes with float32, for all backends of the process. */
export type CudaNumerics = [
  precisionOfProducts: 'highest' | 'high' | 'medium',
  tf32InConvolutions: boolean,
  cudnnBenchmark: boolean,
];

let loaded: { addon: Addon; path: string } | undefined;

/** Where the addon writes an operator's result: data type, rank, sizes, strides. Two times 64 axes is its limit. */
export const description = new Float64Array(2 + 2 * 64);

/**
 * Loads the compiled addon, once in each thread.
 *
 * @throws TorchBackendError `ADDON_UNLOADABLE` where the dynamic linker refuses it.
 */
export function loadAddon(path: string): Addon {
  if (loaded !== undefined) return loaded.addon;
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    addon.bindDescription(description);
    loaded = { addon, path };
    return addon;
  } catch (cause) {
    throw new TorchBackendError('ADDON_UNLOADABLE', {
      message: `The compiled addon ${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}.`,
      given: path,
      remedy: 'Run `npx protocl-torch doctor` to see what is wrong with the libtorch that it needs.',
      cause,
    });
  }
}

/**
 * The addon that {@link loadAddon} loaded.
 *
 * @throws TorchBackendError `NOT_INITIALIZED` before that.
 */
export function addon(): Addon {
  if (loaded === undefined) throw notStarted();
  return loaded.addon;
}

/** The error for whatever needs a running backend. */
export function notStarted(): TorchBackendError {
  return new TorchBackendError('NOT_INITIALIZED', {
    message: 'The torch backend is not started.',
    remedy: "Call `await tf.setBackend('torch')` first.",
  });
}
