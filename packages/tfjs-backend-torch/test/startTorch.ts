import * as tf from '@tensorflow/tfjs-core';

import { registerTorchBackend, type TorchBackendOptions, type TorchMemory } from '../src/index.js';

/** The set-up may have to compile the addon first. */
export const STARTUP_TIMEOUT_MS = 900_000;

/** Registers the torch backend with these options and starts it anew. */
export async function startTorch(options: TorchBackendOptions = {}): Promise<void> {
  // With several threads each small operator waits for all of them, for long where other tests run beside this one.
  registerTorchBackend({ device: 'cpu', threads: 1, ...options });
  if (!(await tf.setBackend('torch'))) throw new Error('The torch backend does not start.');
}

/** What `tf.memory()` tells on the torch backend. */
export function torchMemory(): tf.MemoryInfo & TorchMemory {
  return tf.memory() as tf.MemoryInfo & TorchMemory;
}
