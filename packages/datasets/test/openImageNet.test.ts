import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { checkPublished, createFolderLoader, openImageNet } from '@protocl/datasets';

import { picture } from './imageFiles.js';
import { SYNSETS, writeImageNetTrain } from './publishedFolders.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const containing = (text: string) => expect.stringContaining(text) as unknown;
const [TENCH, GOLDFISH, DOG] = SYNSETS;
const jpeg = await picture(5, 24, 20).jpeg().toBuffer();

async function writeListed(list = 'val.txt', lines = ['b.JPEG 2', 'a.JPEG 0']) {
  for (const name of ['a', 'b']) await folder.write(`val/${name}.JPEG`, jpeg);
  await folder.write(list, `${lines.join('\n')}\n`);
}
const writeWords = (name = 'synset_words.txt') =>
  folder.write(name, `${DOG} dog, domestic dog\n${TENCH} tench, Tinca tinca\n${GOLDFISH} goldfish\n`);

beforeEach(() => writeImageNetTrain(folder));

describe('openImageNet', () => {
  test('has the training images by their class folders', async () => {
    const { files, labels, classNames, synsets, path } = await openImageNet(folder.path, { split: 'train' });
    expect(path).toBe(join(folder.path, 'train'));
    expect(files).toEqual(SYNSETS.flatMap((synset) => [10, 9].map((i) => `${synset}/${synset}_${i}.JPEG`)));
    expect([...labels]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(synsets).toEqual(SYNSETS);
    expect(classNames).toEqual(SYNSETS);
  });

  test.each(['val.txt', 'val/val.txt'])('has held-out images by the list %s, in its order', async (list) => {
    await writeListed(list);
    const { files, labels, path } = await openImageNet(folder.path, { split: 'val' });
    expect(path).toBe(join(folder.path, 'val'));
    expect(files).toEqual(['b.JPEG', 'a.JPEG']);
    expect([...labels]).toEqual([2, 0]);
  });

  test('has held-out images by class folders, of which some may be missing', async () => {
    await folder.write(`val/${DOG}/a.JPEG`, jpeg);
    await folder.write(`val/${TENCH}/b.JPEG`, jpeg);
    const { files, labels, synsets } = await openImageNet(folder.path, { split: 'val' });
    expect(files).toEqual([`${TENCH}/b.JPEG`, `${DOG}/a.JPEG`]);
    // As in training, though only two folders are there.
    expect([...labels]).toEqual([0, 2]);
    expect(synsets).toEqual(SYNSETS);
  });

  test.each(['synset_words.txt', 'LOC_synset_mapping.txt'])('names classes by %s', async (name) => {
    await writeWords(name);
    await writeListed();
    for (const split of ['train', 'val'] as const) {
      const { classNames, synsets } = await openImageNet(folder.path, { split });
      expect(classNames).toEqual(['tench, Tinca tinca', 'goldfish', 'dog, domestic dog']);
      expect(synsets).toEqual(SYNSETS);
    }
  });

  test('opens held-out images without training images where the synsets are told', async () => {
    await rm(join(folder.path, 'train'), { recursive: true });
    await writeListed();
    await expect(openImageNet(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: containing(join(folder.path, 'train')),
    });
    await writeWords();
    const { labels, synsets } = await openImageNet(folder.path, { split: 'val' });
    expect([...labels]).toEqual([2, 0]);
    expect(synsets).toEqual(SYNSETS);
  });

  test('is read by the loader of image folders', async () => {
    await writeListed();
    const loader = createFolderLoader(await openImageNet(folder.path, { split: 'val' }), {
      batchSize: 2,
      recipe,
      seed: 1,
      workers: 1,
    });
    try {
      for await (const { labels } of loader.plain()) expect([...labels]).toEqual([2, 0]);
      expect(loader.skipped).toEqual([]);
    } finally {
      await loader.close();
    }
  });

  test.each([
    ['a label that is no class', ['a.JPEG 3'], 'line 1', 'a.JPEG 3'],
    ['no label', ['a.JPEG 0', 'b.JPEG'], 'line 2', 'b.JPEG'],
    ['a negative label', ['a.JPEG -1'], 'line 1', 'a.JPEG -1'],
    ['a path that leads out', ['a.JPEG 0', '../train/b.JPEG 1'], 'line 2', '../train/b.JPEG'],
    ['an absolute path', ['/etc/a.JPEG 0'], 'line 1', '/etc/a.JPEG'],
    ['nothing', [''], 'all', 'no line'],
  ])('refuses a list with %s, with file and line', async (_, lines, place, given) => {
    await writeListed('val.txt', lines);
    await expect(openImageNet(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(`${place} of ${join(folder.path, 'val.txt')}`),
      given,
    });
  });

  test('names images of a list that are missing', async () => {
    await writeListed('val.txt', ['a.JPEG 0', 'c.JPEG 1', 'deep/d.JPEG 1']);
    await expect(openImageNet(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      message: containing('lacks 2 of the 3 images'),
      given: containing('no c.JPEG, deep/d.JPEG in'),
    });
  });

  test.each(['train', 'val', 'val.txt'] as const)('says what is expected without %s', async (name) => {
    await writeListed();
    await rm(join(folder.path, name), { recursive: true });
    const split = name === 'train' ? 'train' : 'val';
    await expect(openImageNet(folder.path, { split })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: `nothing at ${join(folder.path, name)}`,
      expected: containing('train/n01440764/*.JPEG a folder for each class'),
    });
  });

  test('refuses a folder that is no class, and a class that training does not have', async () => {
    await folder.write('train/cats/a.JPEG', jpeg);
    await expect(openImageNet(folder.path, { split: 'train' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      given: 'cats',
    });
    await folder.write('val/n09999999/a.JPEG', jpeg);
    await expect(openImageNet(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      given: 'n09999999',
    });
  });

  test.each([
    ['no synset', `${TENCH} tench\nfish goldfish\n`, 'line 2', 'fish goldfish'],
    ['no words', `${TENCH}\n`, 'line 1', TENCH],
    ['a synset twice', `${TENCH} a\n${TENCH} b\n`, 'line 2', `${TENCH} b`],
    ['no line for a class', `${TENCH} tench\n${GOLDFISH} goldfish\n`, 'all', `no line for ${DOG}`],
  ])('refuses synset words with %s', async (_, content, place, given) => {
    const file = await folder.write('synset_words.txt', content);
    await expect(openImageNet(folder.path, { split: 'train' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(`${place} of ${file}`),
      given,
    });
  });

  test('refuses another split', async () => {
    await expect(openImageNet(folder.path, { split: 'test' as 'val' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

test('checkPublished counts the images of both splits', async () => {
  await writeListed();
  expect(await checkPublished('imagenet', folder.path)).toEqual([
    { split: 'train', images: 6 },
    { split: 'val', images: 2 },
  ]);
});
