import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { beforeAll, expect, test } from '@jest/globals';

import type { FuzzReport } from './fuzz/fuzz.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

const script = fileURLToPath(new URL('fuzz/fuzzElsewhere.mjs', import.meta.url));
const calls = 1_500;

// The process below must not have to compile the addon.
beforeAll(async () => startTorch(), STARTUP_TIMEOUT_MS);

test.each([1, 2])(
  'random calls do as on the cpu backend, and none ends the process (seed %i)',
  async (seed) => {
    const child = fork(script, [String(seed), String(calls)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let output = '';
    const gather = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-2_000);
    };
    child.stdout?.on('data', gather);
    child.stderr?.on('data', gather);
    let report: FuzzReport | undefined;
    child.on('message', (message) => (report = message as FuzzReport));
    // What the process has sent may arrive after its end.
    const [ending] = await Promise.all([once(child, 'close'), once(child, 'disconnect')]);
    const [code, signal] = ending as [number | null, string | null];
    if (report === undefined)
      throw new Error(`The process ended with ${String(signal ?? code)}. Its last calls:\n${output}`);

    expect(report.differences).toEqual([]);
    expect(report.agreed).toBeGreaterThan(0.9 * calls);
    expect(report.refused).toBeGreaterThan(0);
    expect(report.leakedBytes).toBe(0);
    const { computed = 0, ...thrown } = report.malformed;
    expect(computed).toBeLessThan(calls);
    expect(Object.keys(thrown)).toEqual(
      expect.arrayContaining(['TorchBackendError INVALID_ARGUMENT', 'Error']),
    );
    expect(code).toBe(0);
  },
  120_000,
);
