import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { lock } from 'proper-lockfile';

import { TorchBackendError } from '../errors.js';

export interface ExclusiveOptions {
  /** Told once where another process has to be waited for. */
  readonly onWait?: () => void;
  /** Milliseconds without a sign of life after which the lock of a dead process is taken over. */
  readonly stale?: number;
}

/**
 * Runs `task` while no other process runs one under the same path; whoever comes second waits.
 * The lock is the folder `PATH.lock`. Its holder renews it, so one that was killed is recognised.
 *
 * @throws TorchBackendError `CACHE_UNWRITABLE` where the folder around `path` cannot be made or written.
 */
export async function exclusively<Result>(
  path: string,
  task: () => Promise<Result>,
  { onWait, stale = 15_000 }: ExclusiveOptions = {},
): Promise<Result> {
  await makeFolder(dirname(path));
  const release = await acquire(path, stale, onWait);
  try {
    return await task();
  } finally {
    await release().catch(() => undefined);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(folder: string, cause: unknown): TorchBackendError {
  return new TorchBackendError('CACHE_UNWRITABLE', {
    message: `The cache folder ${folder} cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`,
    given: folder,
    expected: 'a folder that this user may write, with 1 GB free',
    remedy: 'Set PROTOCL_CACHE to another folder.',
    cause,
  });
}

async function acquire(path: string, stale: number, onWait?: () => void): Promise<() => Promise<void>> {
  // Losing the lock (a suspended laptop) costs double work at worst: results are put in place by a rename.
  const options = { realpath: false, stale, update: stale / 3, onCompromised: () => undefined };
  for (let attempt = 0; ; attempt++) {
    try {
      return await lock(path, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw unwritable(dirname(path), error);
      if (attempt === 0) onWait?.();
      await delay(200);
    }
  }
}
