import { resolve } from 'node:path';

import { cacheDirectory as userCacheDirectory, type OptionNames } from '@protocl/core';

import { datasetError } from '../errors.js';
import { PROGRESS_OPTIONS, type ProgressOptions } from '../imageDataset.js';
import { fetchSplits } from './fetchSplits.js';
import { SPLIT_NAMES, type Split, type SplitName, type Splits, type SplitsDataset } from './split.js';
import { readSplitFile, writeSplitFile } from './splitFile.js';

export interface CacheOptions extends ProgressOptions {
  /** Where the decoded images are kept; this user's cache folder by default. */
  readonly cacheDirectory?: string;
}

export const CACHE_OPTIONS: OptionNames<CacheOptions> = { ...PROGRESS_OPTIONS, cacheDirectory: true };

/**
 * Reads one split from the cache; fetches and caches the data set first where it is missing or
 * damaged.
 */
export async function loadSplit(
  dataset: SplitsDataset,
  name: SplitName,
  options: CacheOptions,
): Promise<Split> {
  if (!SPLIT_NAMES.includes(name)) {
    throw datasetError('INVALID_OPTION', {
      message: `${dataset.title} has no such split`,
      given: name,
      expected: "'train' or 'test'",
      remedy: 'Pass one of these as split',
    });
  }
  const { splits } = await cachedSplits(dataset, [name], options);
  return splits[name]!;
}

/** Where a data set is cached, and whether it had to be fetched for that. */
export interface CachedDataset {
  /** Absolute. */
  readonly directory: string;
  /** Absolute paths of the verified files. */
  readonly files: readonly string[];
  readonly downloaded: boolean;
}

/** Sees to it that all of a data set is cached and whole. */
export async function ensureCached(dataset: SplitsDataset, options: CacheOptions): Promise<CachedDataset> {
  const directory = folderOf(dataset, options);
  const { downloaded } = await cachedSplits(dataset, SPLIT_NAMES, options);
  return { directory, files: SPLIT_NAMES.map((name) => fileOf(dataset, directory, name)), downloaded };
}

/** Puts splits that were had from elsewhere into the cache. */
export async function cacheSplits(
  dataset: SplitsDataset,
  splits: Splits,
  options: Pick<CacheOptions, 'cacheDirectory' | 'log'>,
): Promise<CachedDataset> {
  const directory = folderOf(dataset, options);
  const files = await inTurn(directory, () => writeSplits(dataset, splits, directory, options.log));
  return { directory, files, downloaded: false };
}

interface LoadedSplits {
  readonly splits: Partial<Record<SplitName, Split>>;
  readonly downloaded: boolean;
}

function cachedSplits(
  dataset: SplitsDataset,
  names: readonly SplitName[],
  options: CacheOptions,
): Promise<LoadedSplits> {
  const folder = folderOf(dataset, options);
  return inTurn(folder, () => {
    options.signal?.throwIfAborted();
    return readOrFetch(dataset, names, folder, options);
  });
}

async function readOrFetch(
  dataset: SplitsDataset,
  names: readonly SplitName[],
  folder: string,
  { log = () => undefined, signal }: ProgressOptions,
): Promise<LoadedSplits> {
  const read: Partial<Record<SplitName, Split>> = {};
  for (const name of names) {
    const path = fileOf(dataset, folder, name);
    const cached = await readSplitFile(path, dataset.counts[name], dataset);
    if (cached === 'damaged') log(`${path} is damaged and will be replaced`);
    if (typeof cached === 'string') break;
    read[name] = cached;
  }
  if (names.every((name) => read[name] !== undefined)) return { splits: read, downloaded: false };
  const splits = await fetchSplits(dataset, { log, ...(signal && { signal }) });
  await writeSplits(dataset, splits, folder, log);
  return { splits, downloaded: true };
}

/** @returns the paths of the files */
async function writeSplits(
  dataset: SplitsDataset,
  splits: Splits,
  folder: string,
  log: (line: string) => void = () => undefined,
): Promise<string[]> {
  const files = SPLIT_NAMES.map((name) => fileOf(dataset, folder, name));
  for (const [index, name] of SPLIT_NAMES.entries()) {
    await writeSplitFile(files[index]!, splits[name], dataset);
  }
  log(`cached in ${folder}`);
  return files;
}

function folderOf({ id }: SplitsDataset, { cacheDirectory }: Pick<CacheOptions, 'cacheDirectory'>): string {
  return resolve(cacheDirectory ?? userCacheDirectory('datasets', id));
}

function fileOf({ id }: SplitsDataset, folder: string, name: SplitName): string {
  return resolve(folder, `${id}-${name}.bin`);
}

const turns = new Map<string, Promise<unknown>>();

/** Runs tasks of one key one after the other, so that two splits asked for at once are fetched once. */
async function inTurn<T>(key: string, task: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const turn = before.then(task, task);
  turns.set(key, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(key) === turn) turns.delete(key);
  }
}
