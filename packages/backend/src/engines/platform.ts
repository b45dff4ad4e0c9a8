import { env } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';

/** Whether this is Node, where packages are installed; a page has what was bundled with it. */
export function isNode(): boolean {
  return env().getBool('IS_NODE');
}

/** @throws BackendError `BACKEND_UNAVAILABLE` that names what runs on a page instead, if this is one */
export function requireNode(packageName: string): void {
  if (isNode()) return;
  throw backendError('BACKEND_UNAVAILABLE', {
    message: `${packageName} runs in Node only`,
    expected: 'webgpu, webgl, wasm or cpu on a page',
    remedy: 'Choose one of these, and import its package with the page',
  });
}
