import { findBackendFactory } from '@tensorflow/tfjs-core';

import type { Engine } from './engine.js';
import { importOptional } from './importOptional.js';
import { runningBackend, startRegistered } from './registeredBackend.js';

/** What of the wasm backend's package is used here. */
interface WasmPackage {
  readonly setThreadsCount: (count: number) => void;
}

/**
 * WebAssembly with SIMD, through @tensorflow/tfjs-backend-wasm.
 *
 * In Node the package finds its binaries in its own folder, and runs on one thread: its threads
 * need a browser's workers.
 */
export const wasm: Engine = {
  name: 'wasm',
  tfjsName: 'wasm',
  async start({ threads }) {
    if (
      findBackendFactory('wasm') === null ||
      (threads !== undefined && runningBackend('wasm') === undefined)
    ) {
      const { setThreadsCount } = await importOptional<WasmPackage>('@tensorflow/tfjs-backend-wasm');
      if (threads !== undefined) setThreadsCount(threads);
    }
    await startRegistered('wasm');
    return 'cpu';
  },
};
