import { requireKnownOptions } from '@protocl/core';

import { datasetError } from '../errors.js';
import type { ImageDataset } from '../imageDataset.js';
import { cacheSplits, type CacheOptions, type CachedDataset } from '../splits/cachedSplits.js';
import type { SplitName, SplitsDataset } from '../splits/split.js';
import { CIFAR10 } from './cifar10.js';
import { CIFAR10_CLASSES } from './layout.js';

/** Both splits of CIFAR-10, as `loadCifar10` gives them. */
export type Cifar10Splits = Readonly<Record<SplitName, Pick<ImageDataset, 'images' | 'labels'>>>;

/**
 * Puts CIFAR-10 where `loadCifar10` finds it, for a machine that cannot download it; what was cached
 * there before is replaced.
 *
 * @param splits uint8 images [50000, 32, 32, 3] and labels [50000] for training, and 10,000 for testing
 * @throws {ProtoclError} `DATASET_MALFORMED` if there are more or fewer of them or a label is no class;
 *   nothing is then written; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function cacheCifar10(
  splits: Cifar10Splits,
  options: Pick<CacheOptions, 'cacheDirectory' | 'log'> = {},
): Promise<CachedDataset> {
  requireKnownOptions('cacheCifar10', options, { cacheDirectory: true, log: true });
  return cacheCifar10Of(CIFAR10, splits, options);
}

/** {@link cacheCifar10} for another number of images. */
export async function cacheCifar10Of(
  dataset: SplitsDataset,
  splits: Cifar10Splits,
  options: Pick<CacheOptions, 'cacheDirectory' | 'log'>,
): Promise<CachedDataset> {
  const train = splitOf('train', dataset, splits.train);
  const test = splitOf('test', dataset, splits.test);
  return cacheSplits(dataset, { train, test }, options);
}

function splitOf(
  name: SplitName,
  { counts, imageBytes }: SplitsDataset,
  { images, labels }: Cifar10Splits[SplitName],
) {
  const count = counts[name];
  if (labels.length !== count || images.length !== count * imageBytes) {
    throw malformed(
      name,
      `${labels.length} labels and ${images.length} bytes of images`,
      `${count} labels and ${count * imageBytes} bytes of images`,
    );
  }
  const wrong = labels.find((label) => !(label in CIFAR10_CLASSES));
  if (wrong !== undefined) throw malformed(name, `label ${wrong}`, 'labels 0 .. 9');
  return { images, labels: Uint8Array.from(labels) };
}

function malformed(name: SplitName, given: string, expected: string): Error {
  return datasetError('DATASET_MALFORMED', {
    message: `the ${name} split to cache is not one of CIFAR-10`,
    given,
    expected,
    remedy: 'Pass what loadCifar10 gave on another machine',
  });
}
