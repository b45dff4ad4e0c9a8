import { beforeAll, describe } from '@jest/globals';

import { useBackend } from '../src/index.js';
import type { BackendName } from '../src/index.js';

/**
 * The backends whose numbers have to agree. torch has to work: only the set-up, where libtorch cannot
 * be had, takes it out, and says so.
 */
export const BACKENDS: BackendName[] =
  process.env['PROTOCL_WITHOUT_TORCH'] === '1' ? ['cpu', 'wasm'] : ['cpu', 'wasm', 'torch'];

/** Runs the same tests on every backend. */
export function describeOnEveryBackend(name: string, tests: (backend: BackendName) => void): void {
  describe.each(BACKENDS)(`${name} on %s`, (backend) => {
    beforeAll(() => useBackend(backend, { log: () => undefined }), 600_000);
    tests(backend);
  });
}
