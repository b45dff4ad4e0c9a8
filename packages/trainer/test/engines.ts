import { beforeAll, describe } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import type { BackendName } from '@protocl/backend';

/** torch has to work: only the set-up, where libtorch cannot be had, takes it out, and says so. */
const ENGINES: BackendName[] =
  process.env['PROTOCL_WITHOUT_TORCH'] === '1' ? ['cpu', 'wasm'] : ['cpu', 'wasm', 'torch'];

/** The fastest that is there, for tests that train something. */
const FASTEST: BackendName = ENGINES.at(-1)!;

const STARTING_MS = 600_000;

export async function startFastest(): Promise<void> {
  // One thread: networks this small gain nothing from more, and the tests share the machine.
  await useBackend(FASTEST, { threads: 1, log: () => undefined });
}

/** Runs the same tests on every engine. */
export function describeOnEveryEngine(name: string, tests: () => void): void {
  describe.each(ENGINES)(`${name} on %s`, (engine) => {
    beforeAll(() => useBackend(engine, { log: () => undefined }), STARTING_MS);
    tests();
  });
}
