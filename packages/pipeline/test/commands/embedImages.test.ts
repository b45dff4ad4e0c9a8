import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { embed, embedImages } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { readFeatures } from '../../src/commands/featureFile.js';
import { readTable } from '../../src/commands/imageTable.js';
import { BATCH, NAMES, photo, photosAndRun } from '../encoder/photos.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(120_000);

let parent: string;
let run: string;
let photos: string;
beforeAll(async () => {
  ({ parent, run } = await photosAndRun());
  photos = join(parent, 'photos');
}, 120_000);
afterAll(() => rm(parent, { recursive: true }));

/** As the run has it: a file alone does not say it, and other batches and engines round in other ways. */
const inBatches = [
  { origin: 'test', values: { evaluation: { batchSize: BATCH }, engine: { backend: 'wasm' } } },
];

async function rowsOf(path: string): Promise<(readonly string[])[]> {
  const table = await readTable(path);
  if (table === undefined || table === 'foreign') throw new Error(`no table at ${path}`);
  return [table.columns, ...table.rows];
}

describe('embedImages', () => {
  test('gives the vectors that embed gives for the same images, from a run, a checkpoint and a file alone', async () => {
    // The photos as the training images of the run, which `embed` encodes, in batches of as many.
    const changes = [{ origin: 'test', values: { data: { train: photos }, training: { batchSize: BATCH } } }];
    const own = join(parent, 'own.npy');
    const { shape, checkpoint } = await embed(run, own, { changes });
    expect(shape[0]).toBe(NAMES.length);
    const expected = (await readFeatures(own)).features;
    const before = tf.memory().numTensors;
    for (const encoder of [run, checkpoint, join(run, 'encoder.safetensors')]) {
      const out = join(parent, 'any.npy');
      const found = await embedImages(photos, encoder, out, { changes: inBatches });
      expect(found).toMatchObject({ shape, skipped: [], files: [out, join(parent, 'any.csv')] });
      expect(found.images).toEqual(NAMES.map((name) => join(photos, name)));
      expect((await readFeatures(out)).features).toEqual(expected);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a run without checkpoints is still what its encoder.safetensors is', async () => {
    const bare = join(parent, 'bare');
    await cp(run, bare, { recursive: true });
    await rm(join(bare, 'checkpoints'), { recursive: true });
    const [out, other] = [join(parent, 'bare.npy'), join(parent, 'any.npy')];
    await embedImages(photos, bare, out, { changes: inBatches });
    await embedImages(photos, run, other);
    expect(await readFile(out)).toEqual(await readFile(other));
  });

  test('writes paths in the order of the vectors, quoted where names need it', async () => {
    const out = join(parent, 'named.safetensors');
    const folder = relative(process.cwd(), photos);
    await embedImages(folder, run, out);
    expect((await readFeatures(out)).shape).toEqual([NAMES.length, 16]);
    const text = await readFile(join(parent, 'named.csv'), 'utf8');
    const quoted = NAMES.map((name) => {
      const path = `${folder}/${name}`;
      return /[",\n\r]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
    });
    expect(text).toBe(['path', ...quoted, ''].join('\n'));
    expect(await rowsOf(join(parent, 'named.csv'))).toEqual([
      ['path'],
      ...NAMES.map((name) => [`${folder}/${name}`]),
    ]);
  });

  test('leaves out what cannot be used, names all of it, and keeps rows and vectors together', async () => {
    const mixed = join(parent, 'mixed');
    await cp(photos, mixed, { recursive: true });
    const broken = ['aa.png', 'b.jpg', 'deep/er/c.webp', 'empty.png', 'z.gif', 'zz.tiff', 'zzz.png'];
    for (const name of broken) await writeFile(join(mixed, name), name === 'empty.png' ? '' : 'no image');
    await symlink('/none', join(mixed, 'dangling.png'));
    await writeFile(join(mixed, 'notes.txt'), 'not looked at');
    const lines: string[] = [];
    const out = join(parent, 'mixed.npy');
    const seen: number[] = [];
    const { images, skipped, shape } = await embedImages(mixed, run, out, {
      log: (line) => lines.push(line),
      onProgress: (done, total) => seen.push(done / total),
    });
    expect(images).toEqual(NAMES.map((name) => join(mixed, name)));
    expect(shape).toEqual([NAMES.length, 16]);
    const names = [...broken, 'dangling.png'].map((name) => join(mixed, name));
    expect(skipped.map(({ path }) => path).sort()).toEqual(names.sort());
    for (const name of names)
      expect(lines.filter((line) => line.startsWith(`left out: ${name} (`))).toHaveLength(1);
    expect(seen.at(-1)).toBe(1);
    // Each vector is its image's: other images beside it change rounding at most.
    const whole = join(parent, 'any.npy');
    await embedImages(photos, run, whole);
    const [found, expected] = [await readFeatures(out), await readFeatures(whole)];
    for (const [at, value] of expected.features.entries()) expect(found.features[at]).toBeCloseTo(value, 6);
  });

  test('takes files and folders in the order in which they are named, whatever files are called', async () => {
    const nameless = join(parent, 'nameless');
    await writeFile(nameless, photo(0).png);
    const out = join(parent, 'list.npy');
    const list = [join(photos, NAMES[3]!), join(photos, 'deep'), nameless, join(photos, NAMES[0]!), nameless];
    const { images, shape } = await embedImages(list, run, out);
    const expected = [list[0], join(photos, 'deep/er/still/photo.png'), ...list.slice(2)];
    expect(images).toEqual(expected);
    expect(shape).toEqual([5, 16]);
    const { features } = await readFeatures(out);
    expect(features.slice(32, 48)).toEqual(features.slice(64, 80));
  });

  test('refuses what cannot become vectors before the encoder is opened', async () => {
    const out = join(parent, 'refused.npy');
    const embedding = (images: string | readonly string[], encoder = '/none', name = out) =>
      embedImages(images, encoder, name);
    await expect(embedding([])).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(embedding(photos, run, join(parent, 'x.txt'))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    const gone = join(parent, 'gone');
    await expect(embedding([photos, gone])).rejects.toMatchObject({ code: 'IMAGES_NOT_FOUND', given: gone });
    await mkdir(join(parent, 'hollow'));
    await expect(embedding(join(parent, 'hollow'))).rejects.toMatchObject({ code: 'FOLDER_EMPTY' });
    await writeFile(join(parent, 'refused.csv'), 'name,age\nAda,36\n');
    await expect(embedding(photos)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await readFile(join(parent, 'refused.csv'), 'utf8')).toBe('name,age\nAda,36\n');
    const misspelt = { worker: 1 } as object;
    await expect(embedImages(photos, run, out, misspelt)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' });
  });

  test('tells when not one image can be used, and of an encoder that is none', async () => {
    const broken = join(parent, 'broken.png');
    await writeFile(broken, 'no image');
    const out = join(parent, 'none.npy');
    const before = tf.memory().numTensors;
    await expect(embedImages(broken, run, out)).rejects.toMatchObject({
      code: 'INVALID_FEATURES',
      given: expect.stringContaining(broken) as unknown,
    });
    expect(tf.memory().numTensors).toBe(before);
    await expect(embedImages(photos, '/none', out)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    await expect(embedImages(photos, join(photos, NAMES[1]!), out)).rejects.toMatchObject({
      code: 'SAFETENSORS_INVALID',
    });
    await expect(embedImages(photos, photos, out)).rejects.toMatchObject({ code: 'RUN_FOLDER' });
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('tells of classes that are beside the vectors already', async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const labels = join(parent, 'classes.labels.npy');
    await writeFile(labels, 'of the user');
    await embedImages(photos, run, join(parent, 'classes.npy'), { log });
    expect(lines.filter((line) => line.includes(labels))).toHaveLength(1);
    expect(await readFile(labels, 'utf8')).toBe('of the user');
    await embedImages(photos, run, join(parent, 'classes.safetensors'), { log });
    expect(lines.filter((line) => line.includes(labels))).toHaveLength(1);
  });

  test('embed removes the paths of other images that its features replace', async () => {
    const out = join(parent, 'replaced.npy');
    await embedImages(photos, run, out);
    const lines: string[] = [];
    await embed(run, out, { log: (line) => lines.push(line) });
    expect(await readTable(join(parent, 'replaced.csv'))).toBeUndefined();
    expect(lines.join('\n')).toContain('replaced.csv');
  });
});
