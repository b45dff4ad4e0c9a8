import { createHash } from 'node:crypto';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { digestFolder, digestImages, openImageFolder, type ImageDataset } from '@protocl/datasets';

import { temporaryFolder } from './temporaryFolder.js';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

describe('the digest of a folder', () => {
  const folder = temporaryFolder();
  const digest = async (path = folder.path) => digestFolder(await openImageFolder(path));

  async function twoClasses(): Promise<void> {
    await folder.write('cat/a.jpg', '1');
    await folder.write('cat/b.jpg', '22');
    await folder.write('dog/c.jpg', '333');
  }

  test('tells names, sizes, order and labels, in all and of each class', async () => {
    await twoClasses();
    expect(await digest()).toEqual({
      images: 3,
      names: sha256('cat/a.jpg\0cat/b.jpg\0dog/c.jpg\0'),
      sizes: sha256('1\x002\x003\0'),
      labels: sha256(
        Buffer.concat([Buffer.from('["cat","dog"]'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])]),
      ),
      classes: {
        cat: {
          images: 2,
          names: sha256('cat/a.jpg\0cat/b.jpg\0').slice(0, 32),
          sizes: sha256('1\x002\0').slice(0, 32),
        },
        dog: { images: 1, names: sha256('dog/c.jpg\0').slice(0, 32), sizes: sha256('3\0').slice(0, 32) },
      },
    });
  });

  test('is the same wherever the folder is', async () => {
    await twoClasses();
    const before = await digest();
    await cp(folder.path, join(`${folder.path}-copy`), { recursive: true });
    try {
      expect(await digest(`${folder.path}-copy`)).toEqual(before);
    } finally {
      await rm(`${folder.path}-copy`, { recursive: true });
    }
  });

  test('changes with a class, a name and a size, and says where', async () => {
    await twoClasses();
    const before = await digest();
    await rename(join(folder.path, 'cat/b.jpg'), join(folder.path, 'cat/z.jpg'));
    const renamed = await digest();
    expect(renamed.names).not.toBe(before.names);
    expect(renamed.classes['cat']!.names).not.toBe(before.classes['cat']!.names);
    expect({ ...renamed, names: 0, classes: 0 }).toEqual({ ...before, names: 0, classes: 0 });
    expect(renamed.classes['dog']).toEqual(before.classes['dog']);
    await folder.write('cat/z.jpg', '4444');
    expect((await digest()).sizes).not.toBe(before.sizes);
    await folder.write('bird/a.jpg', '1');
    const more = await digest();
    expect(Object.keys(more.classes)).toEqual(['bird', 'cat', 'dog']);
    expect(more.labels).not.toBe(before.labels);
    expect(more.classes['dog']).toEqual(before.classes['dog']);
  });

  test('has classes of any name, and two of one', async () => {
    await folder.write('__proto__/a.jpg', '1');
    await folder.write('cat/b.jpg', '1');
    expect(Object.keys((await digest()).classes)).toEqual(['__proto__', 'cat']);
    const opened = await openImageFolder(folder.path);
    const twice = await digestFolder({ ...opened, classNames: ['crane', 'crane'] });
    expect(Object.keys(twice.classes)).toEqual(['crane', 'crane (1)']);
  });

  test('needs no classes, and files that are gone are other files', async () => {
    await twoClasses();
    const opened = await openImageFolder(folder.path, { classes: 'none' });
    const before = await digestFolder(opened);
    expect(before).toMatchObject({ images: 3, classes: {} });
    await rm(join(folder.path, 'dog/c.jpg'));
    expect((await digestFolder(opened)).sizes).not.toBe(before.sizes);
    await expect(digestFolder(opened, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

test('the digest of images in memory tells their pixels, order and labels', () => {
  const dataset: ImageDataset = {
    images: Uint8Array.of(1, 2, 3, 4, 5, 6),
    labels: Int32Array.of(1, 0, 1),
    shape: [3, 1, 2, 1],
    classNames: ['cat', 'dog'],
  };
  const before = digestImages(dataset);
  expect(before).toEqual({
    images: 3,
    shape: [3, 1, 2, 1],
    contents: sha256(Uint8Array.of(1, 2, 3, 4, 5, 6)),
    labels: sha256(
      Buffer.concat([Buffer.from('["cat","dog"]'), Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])]),
    ),
    classes: { cat: 1, dog: 2 },
  });
  const swapped = digestImages({ ...dataset, images: Uint8Array.of(3, 4, 1, 2, 5, 6) });
  expect(swapped).toEqual({ ...before, contents: expect.not.stringMatching(before.contents) });
  const relabelled = digestImages({ ...dataset, labels: Int32Array.of(0, 1, 1) });
  expect(relabelled).toEqual({ ...before, labels: expect.not.stringMatching(before.labels) });
});
