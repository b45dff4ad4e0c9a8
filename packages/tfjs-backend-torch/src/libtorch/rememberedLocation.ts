import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import { cacheFolder } from './cacheFolder.js';
import type { Libtorch, LibtorchSource } from './libtorch.js';
import { pythonOnPath } from './searchSteps.js';
import { writeFileAtomically } from '../writeFileAtomically.js';

/** Where an earlier search has ended. */
export interface Location {
  readonly root: string;
  readonly source: LibtorchSource;
}

interface Memory extends Location {
  /** The files and folders that the search depended on, with the time of their last change (null: not there). */
  readonly watched: readonly (readonly [path: string, modified: number | null])[];
}

/**
 * Where the last search in an environment like this one found libtorch, so that no Python needs to be
 * started; undefined where anything has changed that the search looked at.
 *
 * @param purpose what else the outcome depended on, such as the folders that were searched
 */
export async function recallLocation(purpose: string): Promise<Location | undefined> {
  try {
    const memory = JSON.parse(await readFile(await memoryFile(purpose), 'utf8')) as Memory;
    const now = await Promise.all(memory.watched.map(([path]) => modified(path)));
    const isUnchanged = memory.watched.every(([, before], index) => before === now[index]);
    return isUnchanged ? { root: memory.root, source: memory.source } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the outcome of a search for {@link recallLocation}. A cache that cannot be written is no error. */
export async function rememberLocation(
  { root, source }: Libtorch,
  watched: readonly string[],
  purpose: string,
): Promise<void> {
  const times = await Promise.all(
    [...new Set(watched)].map(async (path) => [path, await modified(path)] as const),
  );
  const memory: Memory = { root, source, watched: times };
  await writeFileAtomically(await memoryFile(purpose), `${JSON.stringify(memory, null, 2)}\n`).catch(
    () => undefined,
  );
}

/** One file for each environment: another virtual environment is another search. */
async function memoryFile(purpose: string): Promise<string> {
  const variables = ['VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH', 'PYTHONHOME', 'PYENV_VERSION', 'HOME'];
  const environment = [purpose, await pythonOnPath(), ...variables.map((name) => process.env[name])];
  const hash = createHash('sha256').update(JSON.stringify(environment.map((value) => value ?? null)));
  return cacheFolder('tfjs-backend-torch', 'located', `${hash.digest('hex').slice(0, 16)}.json`);
}

async function modified(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}
