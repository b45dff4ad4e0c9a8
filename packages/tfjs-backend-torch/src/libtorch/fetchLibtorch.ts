import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { TorchBackendError } from '../errors.js';
import { cacheFolder } from './cacheFolder.js';
import { exclusively } from './exclusively.js';
import { fetchArchive } from './fetchArchive.js';
import { fetchDebianPackage } from './fetchDebianPackage.js';
import { fetchWheel } from './fetchWheel.js';
import { inspectLibtorch } from './inspectLibtorch.js';
import { type Libtorch, LIBTORCH_REMEDY } from './libtorch.js';
import { PINNED_VERSION } from './pinnedTorch.js';

type Log = (line: string) => void;

/** A way to get libtorch. */
export interface Origin {
  readonly name: string;
  /**
   * Brings it, in the empty folder `work` where it is ours to keep; returns the folder with the headers
   * and libraries, or throws an Error with the reason in one sentence.
   */
  readonly fetch: (work: string, log: Log) => Promise<string>;
  /** Whether it installs into the system instead of `work`. */
  readonly isSystem?: boolean;
}

const ORIGINS: readonly Origin[] = [
  { name: 'official archive', fetch: (work, log) => fetchArchive(work, { log }) },
  { name: 'CPU wheel through pip', fetch: fetchWheel },
  { name: 'Debian package', fetch: fetchDebianPackage, isSystem: true },
];

/** Where the fetched libtorch is, whether it is there or not. */
export function fetchedFolder(): string {
  return cacheFolder('libtorch', `${PINNED_VERSION}-cpu`);
}

/**
 * Fetches libtorch into the per-user cache, once for all processes: whoever comes second waits and takes
 * the first one's. It is put in place complete or not at all.
 *
 * @throws TorchBackendError `FETCH_FAILED` with the reason of every origin.
 */
export async function fetchLibtorch({
  log = () => {},
  origins = ORIGINS,
}: { log?: Log; origins?: readonly Origin[] } = {}): Promise<Libtorch> {
  const folder = fetchedFolder();
  const onWait = (): void => log('libtorch: another process is fetching it; waiting');
  return exclusively(
    folder,
    async () => {
      const present = await inspectLibtorch(folder, 'fetched').catch(() => undefined);
      if (present !== undefined) return present;
      await removeLeftovers(folder);
      const reasons: string[] = [];
      for (const origin of origins) {
        log(`libtorch: fetching it, ${origin.name}`);
        try {
          const libtorch = await fetchFrom(origin, folder, log);
          log(`libtorch: fetched: ${libtorch.version} in ${libtorch.root}`);
          return libtorch;
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          reasons.push(`${origin.name}: ${reason}`);
          log(`libtorch: ${origin.name}: ${reason}`);
        }
      }
      throw new TorchBackendError('FETCH_FAILED', {
        message: `There is no libtorch on this machine, and none could be fetched: ${reasons.join('; ')}.`,
        expected: 'network access, or libtorch 1.13 or later on this machine',
        remedy: LIBTORCH_REMEDY,
      });
    },
    { onWait },
  );
}

async function fetchFrom(origin: Origin, folder: string, log: Log): Promise<Libtorch> {
  const work = `${folder}.fetching-${process.pid}`;
  await mkdir(work, { recursive: true });
  try {
    if (origin.isSystem !== true) requireGlibc();
    const brought = await origin.fetch(work, log);
    if (origin.isSystem === true) return await inspectLibtorch(brought, 'system');
    await inspectLibtorch(brought, 'fetched');
    await rm(folder, { recursive: true, force: true });
    await rename(brought, folder);
    return await inspectLibtorch(folder, 'fetched');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Alpine and its kin have another C library, for which nobody publishes libtorch. */
function requireGlibc(): void {
  if (process.platform !== 'linux') return;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (header?.glibcVersionRuntime === undefined)
    throw new Error('it needs glibc, which this system does not have');
}

/** What processes left behind that were killed while they fetched. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(`${basename(folder)}.fetching-`)) {
      await rm(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}
