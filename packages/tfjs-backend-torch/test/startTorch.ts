import * as tf from '@tensorflow/tfjs-core';

import {
  registerTorchBackend,
  TorchBackend,
  type TorchBackendOptions,
  type TorchMemory,
} from '../src/index.js';
import { stridesOf } from '../src/native/description.js';

/** The set-up may have to compile the addon first. */
export const STARTUP_TIMEOUT_MS = 900_000;

/** Registers the torch backend with these options and starts it anew. */
export async function startTorch(options: TorchBackendOptions = {}): Promise<void> {
  // With several threads each small operator waits for all of them, for long where other tests run beside this one.
  const device = process.env['PROTOCL_DEVICE'] ?? 'cpu';
  registerTorchBackend({ device, threads: 1, ...options });
  if (!(await tf.setBackend('torch'))) throw new Error('The torch backend does not start.');
}

/** What `tf.memory()` tells on the torch backend. */
export function torchMemory(): tf.MemoryInfo & TorchMemory {
  return tf.memory() as tf.MemoryInfo & TorchMemory;
}

/** The torch backend, where it is the active one. */
export function activeTorch(): TorchBackend {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) throw new Error('Another backend is active.');
  return backend;
}

/** How a tensor lies in memory: the distance of neighbours along each axis, in elements. */
export function stridesOfTensor(x: tf.Tensor): number[] {
  return stridesOf(activeTorch().handle(x));
}
