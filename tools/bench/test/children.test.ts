import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  '%s ends the sides with their parent',
  async (signal) => {
    const parent = spawn(
      process.execPath,
      ['--conditions=@protocl/source', '--import', 'tsx', join(import.meta.dirname, 'parent.ts')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const [output] = (await once(parent.stdout, 'data')) as [Buffer];
      const side = Number(output.toString());
      expect(isAlive(side)).toBe(true);

      parent.kill(signal);
      await once(parent, 'exit');
      for (let wait = 0; wait < 100 && isAlive(side); wait++) await sleep(50);
      expect(isAlive(side)).toBe(false);
    } finally {
      // It holds this process's standard error, which would otherwise never close.
      parent.kill('SIGKILL');
    }
  },
  30_000,
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
