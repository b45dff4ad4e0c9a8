import {
  engine,
  getKernelsForBackend,
  removeBackend,
  setBackend,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import type { Engine, EngineOptions } from './engine.js';
import { importOptional } from './importOptional.js';
import { requireNode } from './platform.js';
import { runningBackend, startRegistered } from './registeredBackend.js';

/** Both packages register themselves under the same name. */
const TFJS_NAME = 'tensorflow';

let loaded: Engine['name'] | undefined;

/** TensorFlow on a CUDA GPU, through @tensorflow/tfjs-node-gpu. */
export const tfjsNodeGpu: Engine = {
  name: 'tfjs-node-gpu',
  tfjsName: TFJS_NAME,
  async start(options) {
    await load('tfjs-node-gpu', '@tensorflow/tfjs-node-gpu', options);
    const { isUsingGpuDevice } = runningBackend(TFJS_NAME) as { isUsingGpuDevice?: boolean };
    if (isUsingGpuDevice === true) return 'gpu';
    // Without a GPU it would silently compute on the CPU.
    unload();
    throw backendError('BACKEND_UNAVAILABLE', {
      message: '@tensorflow/tfjs-node-gpu found no GPU that it can use',
      remedy: 'Check nvidia-smi and the CUDA libraries that it was built for',
    });
  },
};

/** TensorFlow on the CPU, through @tensorflow/tfjs-node. */
export const tfjsNode: Engine = {
  name: 'tfjs-node',
  tfjsName: TFJS_NAME,
  async start(options) {
    await load('tfjs-node', '@tensorflow/tfjs-node', options);
    return 'cpu';
  },
};

async function load(name: Engine['name'], packageName: string, { threads }: EngineOptions): Promise<void> {
  if (loaded !== undefined && loaded !== name) {
    throw backendError('BACKEND_IN_USE', {
      message: `${loaded} is running, and TensorFlow.js can hold only one of the two Node packages`,
      given: name,
      remedy: 'Use one of them in a process',
    });
  }
  requireNode(packageName);
  await restoreRemovedUtilities();
  // TensorFlow reads this once, when its library is loaded.
  if (threads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  // Loading the package makes it the active backend, which is the caller's to decide.
  const active = engine().backendName as string | null | undefined;
  try {
    await importOptional(packageName);
    await startRegistered(TFJS_NAME);
    loaded = name;
  } finally {
    if (active != null && active !== TFJS_NAME) await setBackend(active);
  }
}

function unload(): void {
  removeBackend(TFJS_NAME);
  for (const { kernelName } of getKernelsForBackend(TFJS_NAME)) unregisterKernel(kernelName, TFJS_NAME);
  loaded = undefined;
}

/** tfjs-node calls two functions of node:util that Node 23 no longer has. */
async function restoreRemovedUtilities(): Promise<void> {
  const { default: util } = await importOptional<{ default: Record<string, unknown> }>('node:util');
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}
