import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { describe, expect, test } from '@jest/globals';

const main = new URL('../main.ts', import.meta.url).pathname;
/** The first use downloads the data set. */
const TIMEOUT_MS = 600_000;

/** Runs the command; `onOutput` sees what it has written so far and may send it signals. */
async function demo(
  args: string[],
  onOutput: (text: string, interrupt: () => void) => void = () => undefined,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = ['--conditions=@protocl/source', '--import', import.meta.resolve('tsx')];
  const child = spawn(process.execPath, [...flags, main, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onOutput(stdout, () => child.kill('SIGINT'));
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

function accuracyIn(stdout: string): number {
  return Number(/test accuracy +(\d+\.\d)% of 10000 images/.exec(stdout)?.[1]);
}

describe('the demo’s command', () => {
  test(
    'trains on the real images',
    async () => {
      const { code, stdout, stderr } = await demo([
        '--seconds',
        '3',
        '--backend',
        'torch',
        '--batch-size',
        '64',
      ]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      // How much is learnt in that time depends on the machine; learning.torch.test.ts counts steps.
      expect(accuracyIn(stdout)).toBeGreaterThan(0);
      expect(stdout).toMatch(/backend +torch on cpu/);
    },
    TIMEOUT_MS,
  );

  test(
    'ends in good order on Ctrl-C',
    async () => {
      let interrupted = false;
      const { code, stdout } = await demo(['--seconds', '3600', '--backend', 'torch'], (text, interrupt) => {
        if (interrupted || !text.includes('images/s |')) return;
        interrupted = true;
        interrupt();
      });
      expect(stdout).toMatch(/the results so far/);
      expect(accuracyIn(stdout)).toBeGreaterThanOrEqual(0);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test('refuses wrong values before it loads anything', async () => {
    const { code, stdout, stderr } = await demo(['--batch-size', '0']);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^--batch-size has a value that cannot be used\. given: 0\. expected: a whole number/,
    );
  });

  test('explains itself', async () => {
    const { code, stdout } = await demo(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--seconds N/);
  });
});
