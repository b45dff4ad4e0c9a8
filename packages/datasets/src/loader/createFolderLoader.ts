import { availableParallelism } from 'node:os';

import { parseRecipe, type AugmentationRecipe } from '@protocl/augment';
import { requireKnownOptions, type OptionNames } from '@protocl/core';

import { requireWhole, stepsOf } from '../epochOrder.js';
import { datasetError } from '../errors.js';
import type { ImageFolder, SkippedEntry } from '../folder/imageFolder.js';
import type { FolderLoader } from './folderLoader.js';
import { packPaths } from './packedPaths.js';
import { ThreadedFolderLoader } from './threadedFolderLoader.js';

export interface FolderLoaderOptions {
  readonly batchSize: number;
  /** How images are cropped; see `@protocl/augment`, whose `augmentCrops` does the rest of it. */
  readonly recipe: AugmentationRecipe;
  /** Seed of the order and of the crops. */
  readonly seed: number;
  /** Crops of each image; 2 by default. */
  readonly views?: number;
  /** Whether the images come in random order; true by default. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is not full is left out; true by default. */
  readonly dropRemainder?: boolean;
  /**
   * Worker threads; by default one for each processor, up to the size of libuv's thread pool (4, or
   * the environment variable `UV_THREADPOOL_SIZE` at the start of the process), which does the decoding.
   */
  readonly workers?: number;
  /** Batches that are made ahead of their use, and so bound the memory; twice the workers by default. */
  readonly prefetch?: number;
  /** With more than this share of the images corrupt, batches end with an error; 0.05 by default. */
  readonly maxCorruptShare?: number;
  /** Told of each image when it is first left out. */
  readonly onSkipped?: (entry: SkippedEntry) => void;
  /** Receives a line for each image that is left out; silent by default. */
  readonly log?: (line: string) => void;
  /** Closes the loader. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<FolderLoaderOptions> = {
  batchSize: true,
  recipe: true,
  seed: true,
  views: true,
  shuffle: true,
  dropRemainder: true,
  workers: true,
  prefetch: true,
  maxCorruptShare: true,
  onSkipped: true,
  log: true,
  signal: true,
};

/** The size that libuv's thread pool has unless the environment says otherwise. */
const DEFAULT_POOL_THREADS = 4;
const MOST_WORKERS = 1024;
const MOST_VIEWS = 1024;

/**
 * Prepares the loading of an image folder; threads are started by the first batch that is asked for.
 *
 * @param folder from `openImageFolder`
 * @throws {ProtoclError} `INVALID_OPTION`; `RECIPE_INVALID` of `@protocl/augment`
 */
export function createFolderLoader(folder: ImageFolder, options: FolderLoaderOptions): FolderLoader {
  requireKnownOptions('createFolderLoader', options, OPTIONS);
  return createThreadedLoader(folder, options);
}

/** {@link createFolderLoader} with its type told, for tests. */
export function createThreadedLoader(
  folder: ImageFolder,
  options: FolderLoaderOptions,
): ThreadedFolderLoader {
  const { batchSize, seed, views = 2, shuffle = true, dropRemainder = true } = options;
  const poolThreads = Number(process.env['UV_THREADPOOL_SIZE']) || DEFAULT_POOL_THREADS;
  const { workers = Math.min(availableParallelism(), poolThreads), maxCorruptShare = 0.05 } = options;
  const { prefetch = 2 * workers, onSkipped, log = () => undefined, signal } = options;
  const count = folder.files.length;
  const stepsPerEpoch = stepsOf(count, batchSize, dropRemainder);
  requireWhole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireWhole('views', views, 1, MOST_VIEWS);
  requireWhole('workers', workers, 1, MOST_WORKERS);
  requireWhole('prefetch', prefetch, 1, Number.MAX_SAFE_INTEGER);
  if (!(maxCorruptShare >= 0 && maxCorruptShare <= 1)) {
    throw datasetError('INVALID_OPTION', {
      message: 'maxCorruptShare is out of range',
      given: maxCorruptShare,
      expected: 'a share of the images, 0 .. 1',
      remedy: 'Pass another maxCorruptShare',
    });
  }
  parseRecipe(options.recipe);
  if (workers > poolThreads) {
    const setting = `start Node with UV_THREADPOOL_SIZE=${workers}`;
    log(`${workers} workers share the ${poolThreads} threads of libuv that decode; ${setting}`);
  }
  const plan = {
    root: folder.path,
    paths: packPaths(folder.files),
    recipe: options.recipe,
    seed,
    views,
    batchSize,
    maxPixels: folder.maxPixels,
    mostCorrupt: Math.floor(maxCorruptShare * count),
  };
  const told = (entry: SkippedEntry) => {
    log(`skipped ${entry.path}: ${entry.reason}`);
    onSkipped?.(entry);
  };
  return new ThreadedFolderLoader(folder, plan, {
    shuffle,
    stepsPerEpoch,
    workers,
    prefetch,
    onSkipped: told,
    signal,
  });
}
