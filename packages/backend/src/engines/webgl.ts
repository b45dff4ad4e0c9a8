import { env, findBackendFactory } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import type { Engine } from './engine.js';
import { importOptional } from './importOptional.js';
import { startRegistered } from './registeredBackend.js';

/** The GPU of a browser, through @tensorflow/tfjs-backend-webgl. */
export const webgl: Engine = {
  name: 'webgl',
  tfjsName: 'webgl',
  async start() {
    if (findBackendFactory('webgl') === null) {
      requireCanvas();
      await importOptional('@tensorflow/tfjs-backend-webgl');
    }
    await startRegistered('webgl');
    // The backend's floatPrecision() would not do: it says 16 where this is set.
    if (env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return 'gpu';
    throw backendError('BACKEND_UNAVAILABLE', {
      message: 'WebGL computes with 16 bits here, in which sums of features and gradients go wrong',
      given: '16 bits',
      expected: 'textures of 32 bits',
      remedy: 'Choose wasm, or webgpu where the browser has it',
    });
  },
};

/** WebGL draws on a canvas, of a page or of a worker. */
function requireCanvas(): void {
  const { document, OffscreenCanvas } = globalThis as { document?: unknown; OffscreenCanvas?: unknown };
  if (document !== undefined || OffscreenCanvas !== undefined) return;
  throw backendError('BACKEND_UNAVAILABLE', {
    message: 'There is no WebGL here (there is no canvas to draw on)',
    remedy: 'Use a browser, or choose wasm',
  });
}
