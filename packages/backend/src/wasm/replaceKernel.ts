import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';

const replaced = new WeakSet<KernelConfig>();

/**
 * Gives `backendName` another function for a kernel, or its first.
 *
 * The backend's own set-up of the kernel stays, and its own function is handed to `make`, which may
 * leave the cases to it that it is good at. A kernel that was replaced already stays as it is.
 */
export function replaceKernel(
  kernelName: string,
  backendName: string,
  make: (original: KernelFunc | undefined) => KernelFunc,
): void {
  const current: KernelConfig | undefined = getKernel(kernelName, backendName);
  if (current !== undefined && replaced.has(current)) return;
  if (current !== undefined) unregisterKernel(kernelName, backendName);
  const config = { ...current, kernelName, backendName, kernelFunc: make(current?.kernelFunc) };
  registerKernel(config);
  replaced.add(config);
}

/** Leaves a call to the function that the backend came with. */
export function ownKernel(
  original: KernelFunc | undefined,
  call: Parameters<KernelFunc>[0],
): TensorInfo | TensorInfo[] {
  if (original !== undefined) return original(call);
  throw backendError('UNSUPPORTED', {
    message: 'The backend has no kernel of its own for this call',
    remedy: 'Import the backend before completing it',
  });
}
