import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, jest, test } from '@jest/globals';
import { checkPublished, createFolderLoader, openPlaces205, publishedLayouts } from '@protocl/datasets';

import { writePlaces } from './publishedFolders.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const containing = (text: string) => expect.stringContaining(text) as unknown;

const TRAIN = [
  'a/abbey/gsun_8cb7.jpg 0',
  'b/bow_window/indoor/gsun_01.jpg 21',
  'a/abbey/gsun_0003.jpg 0',
  'y/yard/gsun_77.jpg 204',
];

describe('openPlaces205', () => {
  test.each(['data/vision/torralba/deeplearning/images256', 'images256'])(
    'has the images below %s in the order of the list',
    async (images) => {
      await writePlaces(folder, 'train', TRAIN, images);
      const { path, files, labels, classNames } = await openPlaces205(folder.path, { split: 'train' });
      expect(path).toBe(join(folder.path, images));
      expect(files).toEqual(TRAIN.map((line) => line.split(' ')[0]));
      expect([...labels]).toEqual([0, 21, 0, 204]);
      expect(classNames).toHaveLength(205);
      expect([0, 1, 21, 204].map((label) => classNames[label])).toEqual([
        'a/abbey',
        'class 1',
        'b/bow_window/indoor',
        'y/yard',
      ]);
    },
  );

  test('is read by the loader of image folders, which names corrupt files', async () => {
    await writePlaces(folder, 'val', TRAIN);
    await folder.write('data/vision/torralba/deeplearning/images256/a/abbey/gsun_0003.jpg', 'no image');
    const places = await openPlaces205(folder.path, { split: 'val' });
    const loader = createFolderLoader(places, {
      batchSize: 4,
      recipe,
      seed: 1,
      workers: 1,
      maxCorruptShare: 0.5,
    });
    try {
      for await (const { labels, shape } of loader.plain()) {
        expect(shape).toEqual([3, 16, 16, 3]);
        expect([...labels]).toEqual([0, 21, 204]);
      }
      expect(loader.skipped).toEqual([{ path: 'a/abbey/gsun_0003.jpg', reason: expect.any(String) }]);
    } finally {
      await loader.close();
    }
  });

  test('refuses a label that no class has, with file and line', async () => {
    await writePlaces(folder, 'train', [...TRAIN, 'z/zoo/a.jpg 205']);
    await expect(openPlaces205(folder.path, { split: 'train' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(`line 5 of ${join(folder.path, 'trainvalsplit_places205', 'train_places205.csv')}`),
      given: 'z/zoo/a.jpg 205',
    });
  });

  test('names images that are missing, and what is expected where lists or images are', async () => {
    await writePlaces(folder, 'train', TRAIN);
    await rm(join(folder.path, 'data/vision/torralba/deeplearning/images256/a'), { recursive: true });
    await expect(openPlaces205(folder.path, { split: 'train' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      message: containing('lacks 2 of the 4 images'),
      given: containing('no a/abbey/gsun_8cb7.jpg, a/abbey/gsun_0003.jpg in'),
    });
    await expect(openPlaces205(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: containing('val_places205.csv'),
    });
    await rm(join(folder.path, 'data'), { recursive: true });
    await expect(openPlaces205(folder.path, { split: 'train' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: containing('images256'),
      expected: containing('trainvalsplit_places205/val_places205.csv the same'),
    });
  });
});

describe('checkPublished', () => {
  test('counts the images of both splits', async () => {
    await writePlaces(folder, 'train', TRAIN);
    await writePlaces(folder, 'val', TRAIN.slice(0, 2));
    expect(await checkPublished('places205', folder.path)).toEqual([
      { split: 'train', images: 4 },
      { split: 'val', images: 2 },
    ]);
  });

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('stopped by the test'));
    for (const name of ['voc2007', 'imagenet', 'places205'] as const) {
      await expect(checkPublished(name, folder.path, { signal })).rejects.toThrow('stopped by the test');
    }
  });

  test('has the layout of every data set', () => {
    for (const { title, expected, source } of Object.values(publishedLayouts)) {
      expect(expected.length).toBeGreaterThan(2);
      expect(title + source).toMatch(/\w/);
    }
  });
});
