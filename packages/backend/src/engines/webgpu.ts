import { findBackendFactory } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import type { Engine } from './engine.js';
import { importOptional } from './importOptional.js';
import { startRegistered } from './registeredBackend.js';

/** The GPU of a browser, through @tensorflow/tfjs-backend-webgpu. */
export const webgpu: Engine = {
  name: 'webgpu',
  tfjsName: 'webgpu',
  async start() {
    const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
    if (navigator?.gpu === undefined) {
      throw backendError('BACKEND_UNAVAILABLE', {
        message: 'There is no WebGPU here (navigator.gpu is missing)',
        remedy: 'Use a browser that has WebGPU',
      });
    }
    // A page's bundle has the package imported already; a bundler cannot follow this one.
    if (findBackendFactory('webgpu') === null) await importOptional('@tensorflow/tfjs-backend-webgpu');
    await startRegistered('webgpu');
    return 'gpu';
  },
};
