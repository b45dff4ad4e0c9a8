import { beforeAll, describe } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

// TensorFlow.js then checks after every op that it left no memory behind but its outputs.
tf.env().set('IS_TEST', true);

const BACKENDS =
  process.env['PROTOCL_WITHOUT_TORCH'] === '1'
    ? (['cpu', 'wasm'] as const)
    : (['cpu', 'wasm', 'torch'] as const);

/** Runs the same tests on every backend that runs in Node. */
export function describeOnEveryBackend(name: string, tests: () => void): void {
  describe.each(BACKENDS)(`${name} on %s`, (backend) => {
    beforeAll(() => useBackend(backend, { log: () => undefined }), 600_000);
    tests();
  });
}
