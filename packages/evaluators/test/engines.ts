import { beforeAll, describe } from '@jest/globals';
import { useBackend, type BackendName } from '@protocl/backend';

/** The engines that `npm test` has; it says so where torch is not among them. */
const ENGINES: BackendName[] =
  process.env['PROTOCL_TEST_TORCH'] === 'unavailable' ? ['cpu', 'wasm'] : ['cpu', 'wasm', 'torch'];

export function describeOnEveryEngine(name: string, tests: (engine: BackendName) => void): void {
  describe.each(ENGINES)(`${name} on %s`, (engine) => {
    beforeAll(() => useBackend(engine, { log: () => undefined }), 600_000);
    tests(engine);
  });
}
