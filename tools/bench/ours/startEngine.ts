import { ensureKernels, useBackend, type BackendName } from '@protocl/backend';
import { prepareTorch, registerTorchBackend } from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import type { TaskParameters } from '../harness/serve.js';

/**
 * Starts the engine that a task asks for.
 *
 * @returns versions for the environment
 */
export async function startEngine(parameters: TaskParameters): Promise<Record<string, string>> {
  const { backend, device, threads } = parameters as { backend: string; device: string; threads: number };
  const log = (line: string): void => console.error(line);
  if (backend !== 'torch') {
    await useBackend(backend as BackendName, { device, threads, log });
    return {};
  }
  // What `useBackend` does for torch, but it imports the backend in a way that no bundler follows.
  registerTorchBackend({ device, threads, log });
  if (!(await tf.setBackend('torch'))) throw new Error('the torch backend does not start');
  ensureKernels('torch');
  return { libtorch: (await prepareTorch()).libtorch.version };
}

/** Waits until the device has done all that it was given, by asking it for one number. */
export function synchronize(): void {
  tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)).dataSync());
}
