import { requireKnownOptions } from '@protocl/core';

import { datasetError } from '../errors.js';
import type { ImageDataset } from '../imageDataset.js';
import { CACHE_OPTIONS, loadSplit, type CacheOptions } from '../splits/cachedSplits.js';
import type { SplitName, SplitsDataset } from '../splits/split.js';
import { FASHION_MNIST } from './fashionMnist.js';
import { FASHION_MNIST_CLASSES, SIDE } from './layout.js';

export type FashionMnistSplit = SplitName;

export interface FashionMnistOptions extends CacheOptions {
  /** The 60,000 training images or the 10,000 test images. */
  readonly split: FashionMnistSplit;
  /** 1 as published (default), or 3 with the gray value in each, as encoders for colour images take it. */
  readonly channels?: 1 | 3;
}

/**
 * Loads Fashion-MNIST, all of a split into memory: uint8 images [n, 28, 28, C] and int32 labels [n].
 *
 * The first call downloads the data set (31 MB from its authors' hosts, otherwise from Debian's
 * package servers where this machine has apt), verifies it and caches both splits decoded (55 MB);
 * later calls read and verify the cached file. A damaged one is fetched again.
 *
 * Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
 * Learning Algorithms", 2017.
 *
 * @throws {ProtoclError} `NO_NETWORK`, `DOWNLOAD_FAILED`, `CHECKSUM_MISMATCH`, `DATASET_MALFORMED`,
 *   `DISK_FULL`, `FILE_NOT_WRITABLE` or `INVALID_OPTION`
 */
export async function loadFashionMnist(options: FashionMnistOptions): Promise<ImageDataset> {
  requireKnownOptions('loadFashionMnist', options, { ...CACHE_OPTIONS, split: true, channels: true });
  return loadFashionMnistFrom(FASHION_MNIST, options);
}

/** {@link loadFashionMnist} from other sources. */
export async function loadFashionMnistFrom(
  dataset: SplitsDataset,
  options: FashionMnistOptions,
): Promise<ImageDataset> {
  const { split, channels = 1 } = options;
  if (channels !== 1 && channels !== 3) {
    throw datasetError('INVALID_OPTION', {
      message: 'Fashion-MNIST is gray',
      given: channels,
      expected: '1 or 3',
      remedy: 'Pass one of these as channels',
    });
  }
  const { images, labels } = await loadSplit(dataset, split, options);
  return {
    images: channels === 1 ? images : repeated(images, channels),
    labels: Int32Array.from(labels),
    shape: [labels.length, SIDE, SIDE, channels],
    classNames: FASHION_MNIST_CLASSES,
  };
}

function repeated(gray: Uint8Array, channels: number): Uint8Array {
  const pixels = new Uint8Array(gray.length * channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < gray.length; i++) pixels[i * channels + channel] = gray[i]!;
  }
  return pixels;
}
