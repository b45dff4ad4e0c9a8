import { findBackendFactory } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import type { Engine } from './engine.js';
import { firstLine, importOptional } from './importOptional.js';
import { isNode } from './platform.js';
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
  async start({ threads, log }) {
    const isRegistered = findBackendFactory('wasm') !== null;
    if (!isRegistered || (threads !== undefined && runningBackend('wasm') === undefined)) {
      // A page's bundle has functions of the package that can't be reached from here.
      if (isRegistered && !isNode()) {
        log(
          'wasm takes its threads from setThreadsCount of @tensorflow/tfjs-backend-wasm, called by the page',
        );
      } else {
        const { setThreadsCount } = await importOptional<WasmPackage>('@tensorflow/tfjs-backend-wasm');
        if (threads !== undefined) setThreadsCount(threads);
      }
    }
    try {
      await startRegistered('wasm');
    } catch (error) {
      throw isNode() ? error : notServed(error);
    }
    return 'cpu';
  },
};

/** Bundlers leave the binaries where they are, so that is what mostly goes wrong on a page. */
function notServed(cause: unknown): Error {
  return backendError('BACKEND_UNAVAILABLE', {
    message: `The binaries of @tensorflow/tfjs-backend-wasm could not be started (${firstLine(cause)})`,
    remedy:
      'Serve the .wasm files of its folder dist with the page, and pass their address to its setWasmPaths before useBackend',
    cause,
  });
}
