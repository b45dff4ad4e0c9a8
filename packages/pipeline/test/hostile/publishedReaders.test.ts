import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openImageNet, openPlaces205, openVoc2007, readVocObjects } from '@protocl/datasets';

import { writeImageNet, writePlaces205, writeVoc2007 } from '../publishedFolders.js';
import { syntheticImages } from '../syntheticImages.js';
import { expectTyped, FEWER } from './expectTyped.js';
import { INPUTS, type Fuzz } from './fuzz.js';

jest.setTimeout(INPUTS * 60);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-hostile-'));
  const images = { train: syntheticImages(8, 1), test: syntheticImages(4, 2) };
  await writeVoc2007(join(folder, 'voc'), images);
  await writeImageNet(join(folder, 'imagenet'), images);
  await writePlaces205(join(folder, 'places'), images);
});
afterAll(() => rm(folder, { recursive: true }));

/** Reads a data set in which one of some files is changed each time, and is whole again afterwards. */
async function readChanged(seed: number, files: readonly string[], read: () => Promise<unknown>) {
  const texts = await Promise.all(files.map((file) => readFile(file)));
  const taken = await expectTyped(seed, async (fuzz) => {
    const at = fuzz.below(files.length);
    await writeFile(files[at]!, changed(fuzz, texts[at]!));
    try {
      await read();
    } finally {
      await writeFile(files[at]!, texts[at]!);
    }
  });
  expect(taken).toBeGreaterThan(FEWER / 100);
  expect(taken).toBeLessThan(FEWER * 0.9);
}

function changed(fuzz: Fuzz, text: Buffer): string | Buffer {
  return fuzz.below(2) === 0 ? fuzz.text(text.toString()) : fuzz.bytes(text);
}

test('the lists and annotations of VOC', async () => {
  const root = join(folder, 'voc');
  const base = join(root, 'VOCdevkit/VOC2007');
  const lists = ['train', 'bird_train', 'sofa_train'].map((name) =>
    join(base, 'ImageSets/Main', `${name}.txt`),
  );
  await readChanged(21, [...lists, join(base, 'Annotations/000001.xml')], async () =>
    readVocObjects(await openVoc2007(root, { split: 'train' })),
  );
});

test('the list of ImageNet’s held-out images', async () => {
  const root = join(folder, 'imagenet');
  await readChanged(22, [join(root, 'val.txt')], () => openImageNet(root, { split: 'val' }));
});

test('the lists of Places205', async () => {
  const root = join(folder, 'places');
  const list = join(root, 'trainvalsplit_places205/val_places205.csv');
  await readChanged(23, [list], () => openPlaces205(root, { split: 'val' }));
});

test('an annotation that is nested without end, and names that objects have of their own', async () => {
  const root = join(folder, 'voc');
  const file = join(root, 'VOCdevkit/VOC2007/Annotations/000001.xml');
  const whole = await readFile(file, 'utf8');
  const read = async (xml: string) => {
    await writeFile(file, xml);
    return readVocObjects(await openVoc2007(root, { split: 'train' }));
  };
  for (const levels of [101, 20_000]) {
    const deep = `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`;
    await expect(read(whole.replace('</annotation>', `${deep}</annotation>`))).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
    });
  }
  const odd = '<__proto__><size>1</size></__proto__><constructor>2</constructor>';
  const [first] = await read(whole.replace('<object>', `${odd}<object>`));
  expect(first).toMatchObject({ width: 12, height: 12 });
  await writeFile(file, whole);
});

test('a line of a list takes no more time than it is long', async () => {
  const root = join(folder, 'imagenet');
  const list = join(root, 'val.txt');
  const whole = await readFile(list, 'utf8');
  // With a pattern that tries each blank, this takes minutes.
  await writeFile(list, `a${' '.repeat(1e6)}b\n`);
  await expect(openImageNet(root, { split: 'val' })).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
  await writeFile(list, 'a\u0000b.JPEG 1\n');
  await expect(openImageNet(root, { split: 'val' })).rejects.toMatchObject({ code: 'DATASET_MALFORMED' });
  await writeFile(list, whole);
});
