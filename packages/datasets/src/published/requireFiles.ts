import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';

import { datasetError } from '../errors.js';
import { unreadableError, type DatasetLayout } from './layout.js';

/** Missing files that an error names. */
const EXAMPLES = 3;

export interface RequireFilesOptions {
  /** Absolute: what `files` are relative to. */
  readonly root: string;
  /** With slashes. */
  readonly files: readonly string[];
  /** The list that names them, for messages. */
  readonly list: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requires that every file of a list is there. Each folder is read once: asking the disk for each of
 * several million files would take minutes.
 *
 * @throws {ProtoclError} `DATASET_INCOMPLETE` with the first of those that are not; `FOLDER_NOT_READABLE`
 */
export async function requireFiles(
  layout: DatasetLayout,
  { root, files, list, signal }: RequireFilesOptions,
): Promise<void> {
  const byFolder = new Map<string, number[]>();
  for (const [index, file] of files.entries()) {
    const folder = posix.dirname(file);
    const indices = byFolder.get(folder);
    if (indices) indices.push(index);
    else byFolder.set(folder, [index]);
  }
  const missing: number[] = [];
  for (const [folder, indices] of byFolder) {
    signal?.throwIfAborted();
    const names = await namesIn(layout, join(root, folder));
    for (const index of indices) if (!names.has(posix.basename(files[index]!))) missing.push(index);
  }
  if (missing.length === 0) return;
  const examples = missing
    .sort((a, b) => a - b)
    .slice(0, EXAMPLES)
    .map((index) => files[index]!);
  throw datasetError('DATASET_INCOMPLETE', {
    message: `${layout.title} lacks ${missing.length} of the ${files.length} images that ${list} names`,
    given: `no ${examples.join(', ')}${missing.length > EXAMPLES ? ' and others' : ''} in ${root}`,
    expected: 'every image of the list',
    remedy: 'Unpack the archive of the images once more, or take their lines out of the list',
  });
}

/** What a folder holds; nothing if it is not there, so that its files are told as missing. */
async function namesIn(layout: DatasetLayout, path: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Set();
    throw unreadableError(layout, path, cause);
  }
}
