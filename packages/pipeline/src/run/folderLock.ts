import { randomUUID } from 'node:crypto';
import { constants, copyFile, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { onDisk } from '@protocl/core';

import { pipelineError } from '../errors.js';
import { isRunning, startOf } from './processes.js';

const NAME = '.lock';
/** A lock that says nothing is being written, for so long at most; after that a process has ended within it. */
const WRITING_MS = 1000;
const ASKED_EVERY_MS = 50;
/** A file beside the lock that says nothing and is older than this is nobody's. */
const RECENT_MS = 60_000;

/** Who holds a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** See {@link startOf}; null where that cannot be told. */
  readonly started: string | null;
}

/** The locks of this process, by path. */
const held = new Set<string>();

/**
 * Does some work on a folder while no other process, nor this one a second time, may work on it. A lock
 * whose process has ended without removing it, as one that is killed does, does not count, so that its
 * work can be gone on with at once.
 *
 * @param folder made where it is missing
 * @param what of it is worked on, such as `run`
 * @throws {ProtoclError} `FOLDER_IN_USE`, `DISK_FULL` or `FILE_NOT_WRITABLE` before the work begins; what
 *   the work throws
 */
export async function withFolderLocked<T>(folder: string, what: string, work: () => Promise<T>): Promise<T> {
  const path = join(resolve(folder), NAME);
  const own: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  if (held.has(path)) throw inUse(path, what, own);
  held.add(path);
  try {
    await onDisk(path, mkdir(folder, { recursive: true }));
    await acquire(path, what, own);
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    held.delete(path);
  }
}

async function acquire(path: string, what: string, own: Holder): Promise<void> {
  const mine = `${path}.${randomUUID()}`;
  try {
    await onDisk(path, writeFile(mine, JSON.stringify(own)));
    while (!(await isCopied(mine, path))) {
      const text = await contentsOnceWritten(path);
      // Removed since: try again.
      if (text === undefined) continue;
      const holder = parseHolder(text);
      if (holder !== undefined && (await isAtWork(holder))) throw inUse(path, what, holder);
      await removeLeft(path, text);
    }
    await removeUnused(path, mine);
  } finally {
    await rm(mine, { force: true });
  }
}

/** Copies a file to where there is none, and tells whether that was so; a part of it is never left there. */
async function isCopied(from: string, to: string): Promise<boolean> {
  const copied = await unless('EEXIST', to, async () => {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  });
  return copied ?? false;
}

/** What a lock says, or what it says still after the time in which one is written; undefined where there is none. */
async function contentsOnceWritten(path: string): Promise<string | undefined> {
  for (let waited = 0; ; waited += ASKED_EVERY_MS) {
    const text = await contentsOf(path);
    if (text === undefined || parseHolder(text) !== undefined || waited >= WRITING_MS) return text;
    await setTimeout(ASKED_EVERY_MS);
  }
}

/** Undefined where there is no such file. */
async function contentsOf(path: string): Promise<string | undefined> {
  return unless('ENOENT', path, () => readFile(path, 'utf8'));
}

/** What an operation gives; undefined if it fails by `code`. */
async function unless<T>(code: string, path: string, operation: () => Promise<T>): Promise<T | undefined> {
  const attempt = operation().catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  });
  return onDisk(path, attempt);
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    return { pid, host, started: started ?? null };
  } catch {
    return undefined;
  }
}

/** Processes of other machines, which may share the folder, cannot be asked and count as being at work. */
async function isAtWork({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  // An earlier process had the number that this one has: its own locks are known.
  if (pid === process.pid || !isRunning(pid)) return false;
  const now = await startOf(pid);
  return started === null || now === started;
}

/** Removes a lock that was left; not one that another process has put in its place meanwhile. */
async function removeLeft(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await unless('ENOENT', path, () => rename(path, aside));
  const taken = await contentsOf(aside);
  if (taken === undefined) return;
  if (taken !== text) await isCopied(aside, path);
  await rm(aside, { force: true });
}

/** Removes what processes that were killed while they wanted the lock have left beside it. */
async function removeUnused(path: string, mine: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (!name.startsWith(`${NAME}.`) || other === mine) continue;
    const text = await contentsOf(other);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    const isWanted = holder === undefined ? await isRecent(other) : await isAtWork(holder);
    if (!isWanted) await rm(other, { force: true });
  }
}

async function isRecent(path: string): Promise<boolean> {
  const status = await unless('ENOENT', path, () => stat(path));
  return status !== undefined && Date.now() - status.mtimeMs < RECENT_MS;
}

function inUse(path: string, what: string, holder: Holder): Error {
  return pipelineError('FOLDER_IN_USE', {
    message: `process ${holder.pid} on ${holder.host} is at work on this ${what}`,
    given: resolve(path, '..'),
    expected: 'a folder that one process at a time writes to',
    remedy: `Wait until it has ended, or choose another folder; if there is no such process, remove ${path}`,
  });
}
