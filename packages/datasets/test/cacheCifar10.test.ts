import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheCifar10 } from '@protocl/datasets';

import { cacheCifar10Of, type Cifar10Splits } from '../src/cifar10/cacheCifar10.js';
import { cifar10Of } from '../src/cifar10/cifar10.js';
import { loadCifar10From } from '../src/cifar10/loadCifar10.js';
import { LAYOUT, syntheticSplits } from './syntheticCifar10.js';

/** Without a source: what is loaded can only come from the cache. */
const dataset = cifar10Of([], LAYOUT);

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'protocl-datasets-'));
});
afterEach(() => rm(cache, { recursive: true }));

function carried(seed = 1): Cifar10Splits {
  const { train, test } = syntheticSplits(seed);
  const asLoaded = ({ images, labels }: typeof train) => ({ images, labels: Int32Array.from(labels) });
  return { train: asLoaded(train), test: asLoaded(test) };
}

describe('cacheCifar10', () => {
  test('puts splits where they are loaded from', async () => {
    const splits = carried();
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    expect(await cacheCifar10Of(dataset, splits, { cacheDirectory: cache, log })).toEqual({
      directory: cache,
      files: [join(cache, 'cifar10-train.bin'), join(cache, 'cifar10-test.bin')],
      downloaded: false,
    });
    expect(lines).toEqual([`cached in ${cache}`]);
    for (const split of ['train', 'test'] as const) {
      const loaded = await loadCifar10From(dataset, { split, cacheDirectory: cache });
      expect(Buffer.compare(loaded.images, splits[split].images)).toBe(0);
      expect(loaded.labels).toEqual(splits[split].labels);
    }
  });

  test('replaces what was cached', async () => {
    await cacheCifar10Of(dataset, carried(1), { cacheDirectory: cache });
    await cacheCifar10Of(dataset, carried(2), { cacheDirectory: cache });
    const { labels } = await loadCifar10From(dataset, { split: 'train', cacheDirectory: cache });
    expect(labels).toEqual(carried(2).train.labels);
  });

  test('writes nothing if the splits have another size', async () => {
    await expect(cacheCifar10(carried(), { cacheDirectory: cache })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      given: '20 labels and 61440 bytes of images',
      expected: '50000 labels and 153600000 bytes of images',
    });
    expect(await readdir(cache)).toEqual([]);
  });

  test.each([10, -1])('writes nothing if a label is %d', async (label) => {
    await cacheCifar10Of(dataset, carried(), { cacheDirectory: cache });
    const before = await readFile(join(cache, 'cifar10-train.bin'));
    const splits = carried(2);
    splits.test.labels[3] = label;
    await expect(cacheCifar10Of(dataset, splits, { cacheDirectory: cache })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      given: `label ${label}`,
    });
    expect(await readFile(join(cache, 'cifar10-train.bin'))).toEqual(before);
  });
});
