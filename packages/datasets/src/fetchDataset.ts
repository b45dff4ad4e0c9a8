import { requireKnownOptions } from '@protocl/core';

import { CIFAR10 } from './cifar10/cifar10.js';
import { datasetError } from './errors.js';
import { FASHION_MNIST } from './fashionMnist/fashionMnist.js';
import { CACHE_OPTIONS, ensureCached, type CacheOptions, type CachedDataset } from './splits/cachedSplits.js';
import type { SplitsDataset } from './splits/split.js';

const DATASETS: readonly SplitsDataset[] = [CIFAR10, FASHION_MNIST];

/** The names that {@link fetchDataset} knows. */
export const datasetNames: readonly string[] = DATASETS.map(({ id }) => id);

/**
 * Fetches a data set ahead of its use, unless it is cached and whole already.
 *
 * @param name one of {@link datasetNames}: `'cifar10'` or `'fashion-mnist'`
 * @param options `log` is told what is downloaded from where, or that nothing had to be
 * @returns where it is cached, and whether it had to be downloaded
 * @throws {ProtoclError} `INVALID_OPTION` for another name; else what the data set's loader throws
 */
export async function fetchDataset(name: string, options: CacheOptions = {}): Promise<CachedDataset> {
  requireKnownOptions('fetchDataset', options, CACHE_OPTIONS);
  const dataset = DATASETS.find(({ id }) => id === name);
  if (dataset === undefined) {
    throw datasetError('INVALID_OPTION', {
      message: 'there is no such data set',
      given: name,
      expected: `one of ${datasetNames.join(', ')}`,
      remedy: 'For images of your own, use openImageFolder',
    });
  }
  return fetchDatasetOf(dataset, options);
}

/** {@link fetchDataset} for a data set with sources of its own. */
export async function fetchDatasetOf(dataset: SplitsDataset, options: CacheOptions): Promise<CachedDataset> {
  const cached = await ensureCached(dataset, options);
  if (!cached.downloaded) options.log?.(`${dataset.title} is cached in ${cached.directory}`);
  return cached;
}
