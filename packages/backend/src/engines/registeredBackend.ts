import { engine, findBackendFactory } from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { isNode } from './platform.js';

/** The running backend of that name, without starting it. */
export function runningBackend(tfjsName: string): KernelBackend | undefined {
  return engine().registry[tfjsName];
}

/**
 * Starts a registered backend and leaves the active one as it is.
 *
 * TensorFlow.js itself prints what a backend's factory throws and goes on; started here, the error
 * reaches the caller.
 */
export async function startRegistered(tfjsName: string): Promise<KernelBackend> {
  const running = runningBackend(tfjsName);
  if (running !== undefined) return running;
  const factory = findBackendFactory(tfjsName) as (() => KernelBackend | Promise<KernelBackend>) | null;
  if (factory === null) {
    throw backendError('BACKEND_UNAVAILABLE', {
      message: `No backend named ${tfjsName} was registered by its package`,
      remedy: `Check that one version of @tensorflow/tfjs-core is ${isNode() ? 'installed' : 'part of this page'}, and only one`,
    });
  }
  const backend = await factory();
  engine().registry[tfjsName] = backend;
  return backend;
}
