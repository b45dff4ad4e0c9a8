import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { decodePlain } from '@protocl/augment';
import { checkPublished, createFolderLoader, openVoc2007, readVocObjects } from '@protocl/datasets';

import { VOC_SPLITS, presence, vocObject, vocXml, writeVoc } from './publishedFolders.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const CLASSES =
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor'.split(
    ' ',
  );
const inMain = (name: string) => join(folder.path, 'VOCdevkit/VOC2007/ImageSets/Main', name);
const xmlOf = (image: string) => join(folder.path, `VOCdevkit/VOC2007/Annotations/${image}.xml`);
const containing = (text: string) => expect.stringContaining(text) as unknown;

beforeEach(() => writeVoc(folder, CLASSES));

describe('openVoc2007', () => {
  test.each(['train', 'val', 'trainval', 'test'] as const)(
    'has the images of %s and what the lists say of them',
    async (split) => {
      const found = await openVoc2007(folder.path, { split });
      expect(found.files).toEqual(VOC_SPLITS[split].map((image) => `JPEGImages/${image}.jpg`));
      expect(found.objectClasses).toEqual(CLASSES);
      expect([...found.annotations]).toEqual(
        VOC_SPLITS[split].flatMap((image) => CLASSES.map((name) => presence(image, name))),
      );
      // No image has one class alone.
      expect(found.classNames).toEqual([]);
      expect(new Set(found.labels)).toEqual(new Set([-1]));
    },
  );

  test('tells what is difficult from what is absent', async () => {
    const { annotations, files } = await openVoc2007(folder.path, { split: 'trainval' });
    const of = (image: string, name: string) =>
      annotations[files.indexOf(`JPEGImages/${image}.jpg`) * 20 + CLASSES.indexOf(name)];
    expect(of('000005', 'chair')).toBe(1);
    expect(of('000007', 'car')).toBe(0);
    expect(of('000007', 'dog')).toBe(-1);
    expect([of('000012', 'car'), of('000012', 'dog')]).toEqual([1, 0]);
  });

  test.each(['.', 'VOCdevkit', 'VOCdevkit/VOC2007'])('takes %s as its root', async (below) => {
    const { path } = await openVoc2007(join(folder.path, below), { split: 'test' });
    expect(path).toBe(join(folder.path, 'VOCdevkit/VOC2007'));
  });

  test('is read by the loader of image folders, which names corrupt files', async () => {
    await writeFile(join(folder.path, 'VOCdevkit/VOC2007/JPEGImages/000007.jpg'), 'no image');
    const voc = await openVoc2007(folder.path, { split: 'trainval' });
    const loader = createFolderLoader(voc, {
      batchSize: 3,
      recipe,
      seed: 1,
      workers: 1,
      maxCorruptShare: 0.5,
    });
    try {
      const seen: number[] = [];
      for await (const { images, indices } of loader.plain()) {
        for (const [row, index] of indices.entries()) {
          const plain = await decodePlain(await readFile(join(voc.path, voc.files[index]!)), recipe);
          const got = images.subarray(row * plain.length, (row + 1) * plain.length);
          expect(Buffer.compare(got, plain)).toBe(0);
        }
        seen.push(...indices);
      }
      expect(seen).toEqual([0, 2]);
      expect(loader.skipped).toEqual([{ path: 'JPEGImages/000007.jpg', reason: expect.any(String) }]);
    } finally {
      await loader.close();
    }
  });

  test.each([
    ['an unknown value', 'car_val.txt', '000007 2\n', 'line 1', '000007 2'],
    ['no value', 'car_val.txt', '000007\n', 'line 1', '000007'],
    ['an image of another split', 'car_val.txt', '000007 -1\n000009 -1\n', 'line 2', '000009 -1'],
    ['an image twice', 'car_val.txt', '000007 -1\n\n000007 -1\n', 'line 3', '000007 -1'],
    ['no line for an image', 'car_val.txt', '', 'all', 'no line for image 000007'],
    ['an image twice in its split', 'val.txt', '000007\n000007\n', 'line 2', '000007'],
    ['a path in its split', 'val.txt', '../000007\n', 'line 1', '../000007'],
    ['nothing in its split', 'val.txt', '\n', 'all', 'no line'],
  ])('refuses a list with %s, with file and line', async (_, name, content, place, given) => {
    await writeFile(inMain(name), content);
    await expect(openVoc2007(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(`${place} of ${inMain(name)}`),
      given,
    });
  });

  test.each([
    ['a list of a split', 'ImageSets/Main/val.txt'],
    ['a list of a class', 'ImageSets/Main/sofa_val.txt'],
    ['an image', 'JPEGImages/000007.jpg'],
    ['all images', 'JPEGImages'],
  ])('says what is expected where %s is missing', async (_, name) => {
    await rm(join(folder.path, 'VOCdevkit/VOC2007', name), { recursive: true });
    await expect(openVoc2007(folder.path, { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      message: containing(name),
    });
  });

  test('says what is expected in a folder that is another', async () => {
    await expect(openVoc2007(join(folder.path, 'none'), { split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      expected: containing('VOCdevkit/VOC2007/JPEGImages/000005.jpg the images'),
    });
  });

  test.each([{ split: 'all' as 'val' }, { split: 'val', maxPixels: 0 } as const])(
    'refuses %j',
    async (options) => {
      await expect(openVoc2007(folder.path, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('stopped by the test'));
    await expect(openVoc2007(folder.path, { split: 'val', signal })).rejects.toThrow('stopped by the test');
  });
});

describe('readVocObjects', () => {
  test('has boxes, difficult and truncated objects', async () => {
    const [chairs, , car] = await readVocObjects(await openVoc2007(folder.path, { split: 'trainval' }));
    expect(chairs).toEqual({
      width: 24,
      height: 20,
      objects: [
        { objectClass: 8, box: [1, 2, 20, 18.5], difficult: false, truncated: false },
        { objectClass: 8, box: [2, 2, 20, 18.5], difficult: true, truncated: true },
      ],
    });
    expect(car!.objects.map(({ objectClass }) => CLASSES[objectClass])).toEqual(['car', 'dog']);
  });

  test('leaves parts of objects aside', async () => {
    const [people] = await readVocObjects(await openVoc2007(folder.path, { split: 'test' }));
    expect(people!.objects.map(({ objectClass }) => CLASSES[objectClass])).toEqual(['person', 'horse']);
  });

  test('agrees with the lists', async () => {
    const voc = await openVoc2007(folder.path, { split: 'trainval' });
    for (const [row, { objects }] of (await readVocObjects(voc)).entries()) {
      for (let column = 0; column < 20; column++) {
        const those = objects.filter(({ objectClass }) => objectClass === column);
        const expected = those.length === 0 ? -1 : those.some(({ difficult }) => !difficult) ? 1 : 0;
        expect(voc.annotations[row * 20 + column]).toBe(expected);
      }
    }
  });

  test('takes an absent flag for 0', async () => {
    const xml = vocXml('000007', [vocObject('cat', [1, 1, 2, 2])]).replace(/<difficult>.*<\/difficult>/, '');
    await writeFile(xmlOf('000007'), xml);
    const [cat] = await readVocObjects(await openVoc2007(folder.path, { split: 'val' }));
    expect(cat!.objects[0]).toMatchObject({ difficult: false });
  });

  const good = vocObject('cat', [1, 1, 2, 2]);
  const cat = (change: (xml: string) => string) => vocXml('000007', [good, change(good)]);
  test.each([
    ['a class', cat((xml) => xml.replace('cat', 'unicorn')), 'annotation.object[1].name', '"unicorn"'],
    ['no class', cat((xml) => xml.replace(/<name>.*<\/name>/, '')), 'annotation.object[1].name', 'nothing'],
    [
      'a word for a number',
      cat((xml) => xml.replace('<xmin>1', '<xmin>one')),
      'annotation.object[1].bndbox.xmin',
      '"one"',
    ],
    [
      'an edge missing',
      cat((xml) => xml.replace('<ymax>2</ymax>', '')),
      'annotation.object[1].bndbox.ymax',
      'nothing',
    ],
    [
      'edges swapped',
      cat(() => vocObject('cat', [9, 1, 2, 2])),
      'annotation.object[1].bndbox',
      '{"xmin":"9"',
    ],
    [
      'no box',
      cat((xml) => xml.replace(/<bndbox>.*<\/bndbox>/s, '')),
      'annotation.object[1].bndbox',
      'nothing',
    ],
    [
      'a flag',
      cat((xml) => xml.replace('<difficult>0', '<difficult>maybe')),
      'annotation.object[1].difficult',
      '"maybe"',
    ],
    ['an empty object', cat(() => '<object/>'), 'annotation.object[1]', '""'],
    ['no size', cat((xml) => xml).replace(/<size>.*<\/size>/s, ''), 'annotation.size', 'nothing'],
    ['another root', '<annotations></annotations>', 'annotation', 'nothing'],
    ['an end too early', cat((xml) => xml).slice(0, -100), 'line 38', 'unclosed'],
    [
      'a tag that is not closed',
      cat((xml) => xml.replace('</pose>', '')),
      'line 42',
      'ending tag mismatch: "pose" != "object"',
    ],
    ['nothing', '', 'line 1', 'missing root element'],
  ])('refuses %s with file and element', async (_, xml, place, given) => {
    await writeFile(xmlOf('000007'), xml);
    const voc = await openVoc2007(folder.path, { split: 'val' });
    await expect(readVocObjects(voc)).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(`${place} of ${xmlOf('000007')}`),
      given: containing(given),
    });
  });

  test('names an annotation that is missing', async () => {
    await rm(xmlOf('000012'));
    const voc = await openVoc2007(folder.path, { split: 'trainval' });
    await expect(readVocObjects(voc)).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: containing('Annotations/000012.xml'),
    });
  });
});

describe('checkPublished', () => {
  test('counts the images of every split', async () => {
    expect(await checkPublished('voc2007', folder.path)).toEqual([
      { split: 'train', images: 2 },
      { split: 'val', images: 1 },
      { split: 'trainval', images: 3 },
      { split: 'test', images: 1 },
    ]);
  });

  test('reads the annotations too', async () => {
    await writeFile(xmlOf('000009'), 'no XML');
    await expect(checkPublished('voc2007', folder.path)).rejects.toMatchObject({
      code: 'DATASET_MALFORMED',
      message: containing(xmlOf('000009')),
    });
  });
});
