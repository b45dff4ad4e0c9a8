import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

import { onDisk } from '@protocl/core';

import { pipelineError } from '../errors.js';

const NAME = '.lock';

/** Who holds a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** The locks of this process, by path. */
const held = new Set<string>();

/**
 * Does some work on a folder while no other process, nor this one a second time, may work on it. A lock
 * whose process has ended without removing it, as one that is killed does, does not count.
 *
 * @param folder made where it is missing
 * @param what of it is worked on, such as `run`
 * @throws {ProtoclError} `FOLDER_IN_USE`, before the work begins; what the work throws
 */
export async function withFolderLocked<T>(folder: string, what: string, work: () => Promise<T>): Promise<T> {
  const path = join(resolve(folder), NAME);
  const own: Holder = { pid: process.pid, host: hostname() };
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
  // The identifier sets two locks of one process apart.
  while (!(await created(path, JSON.stringify({ ...own, id: randomUUID() })))) {
    const text = await contentsOf(path);
    // Removed since: try again.
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder === undefined || isAtWork(holder)) throw inUse(path, what, holder);
    await removeLeft(path, text);
  }
}

/** Whether the file was made; not so if there is one already, whatever else happens at the same time. */
async function created(path: string, contents: string): Promise<boolean> {
  const made = await unless('EEXIST', path, async () => {
    await writeFile(path, contents, { flag: 'wx' });
    return true;
  });
  return made ?? false;
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
    const { pid, host } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

/** Processes of other machines, which may share the folder, cannot be asked and count as being at work. */
function isAtWork({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  // An earlier process had the number that this one has: its own locks are known.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes a lock that was left; not one that another process has put in its place meanwhile. */
async function removeLeft(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await unless('ENOENT', path, () => rename(path, aside));
  const taken = await contentsOf(aside);
  if (taken === undefined) return;
  if (taken === text) await rm(aside);
  else await rename(aside, path);
}

function inUse(path: string, what: string, holder: Holder | undefined): Error {
  const by = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return pipelineError('FOLDER_IN_USE', {
    message: `${by} is at work on this ${what}`,
    given: resolve(path, '..'),
    expected: 'a folder that one process at a time writes to',
    remedy: `Wait until it has ended, or choose another folder; if there is no such process, remove ${path}`,
  });
}
