import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { plainBatch, recipes } from '@protocl/augment';
import { useBackend } from '@protocl/backend';
import {
  createEncoder,
  decodeSafetensors,
  encodeSafetensors,
  loadEncoder,
  saveEncoder,
} from '@protocl/encoders';
import { embedImages, openEncoder, type ImageEncoder } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { readFeatures } from '../../src/commands/featureFile.js';
import { NAMES, photo, photosAndRun } from './photos.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(120_000);

let parent: string;
let run: string;
let paths: string[];
let encoder: ImageEncoder;
/** float32 [n, 16], as `embedImages` has it. */
let expected: Float32Array;
beforeAll(async () => {
  ({ parent, run } = await photosAndRun());
  paths = NAMES.map((name) => join(parent, 'photos', name));
  const out = join(parent, 'photos.npy');
  await embedImages(join(parent, 'photos'), run, out);
  expected = (await readFeatures(out)).features;
  encoder = await openEncoder(run);
}, 120_000);
afterAll(() => rm(parent, { recursive: true }));

function expectClose(found: Float32Array, wanted: Float32Array): void {
  expect(found).toHaveLength(wanted.length);
  for (const [at, value] of wanted.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(1e-6);
}

function expectedOf(image: number): Float32Array {
  return expected.slice(16 * image, 16 * (image + 1));
}

function fileWith(metadata: Record<string, string>, name = 'foreign.safetensors'): Promise<string> {
  return withMetadata(name, () => metadata);
}

async function withMetadata(
  name: string,
  change: (metadata: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<string> {
  const { tensors, metadata } = decodeSafetensors(await readFile(join(run, 'encoder.safetensors')));
  const own = Object.entries(metadata).filter(([key]) => key !== 'protocl.sha256');
  await writeFile(join(parent, name), encodeSafetensors(tensors, change(Object.fromEntries(own))));
  return join(parent, name);
}

describe('openEncoder', () => {
  test('says what it is', () => {
    const { mean, std } = recipes.mocoV2().normalize;
    expect(encoder).toMatchObject({
      size: 16,
      features: 'backbone',
      source: join(run, 'checkpoints', 'epoch-0002.safetensors'),
      preprocessing: { resize: 18, size: 16, mean, std },
    });
  });

  test('encodes a file, by its path or its bytes, and its pixels, as protocl embed does', async () => {
    const before = tf.memory().numTensors;
    for (const image of [0, 7]) {
      expectClose(await encoder.encode(paths[image]!), expectedOf(image));
      expectClose(await encoder.encode(await readFile(paths[image]!)), expectedOf(image));
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('encodes pixels as what evaluation makes of images in memory', async () => {
    const { data, width, height } = photo(3);
    const pixels = tf.tensor4d(new Float32Array(data), [1, height, width, 3]);
    const network = createEncoder({
      architecture: 'resnet8',
      width: 4,
      head: { kind: 'linear', dimension: 8 },
      seed: 1,
    });
    await loadEncoder(network, join(run, 'encoder.safetensors'));
    const wanted = tf.tidy(() =>
      network.features(plainBatch(pixels, recipes.mocoV2({ size: 16 })), { training: false }),
    );
    const vector = await wanted.data<'float32'>();
    const before = tf.memory().numTensors;
    const shape = [height, width, 3] as const;
    expect(await encoder.encode({ data, shape })).toEqual(vector);
    expect(await encoder.encode({ data: new Uint8ClampedArray(data), shape })).toEqual(vector);
    const image = tf.tensor3d(new Int32Array(data), [height, width, 3], 'int32');
    expect(await encoder.encode(image)).toEqual(vector);
    expect(image.isDisposed).toBe(false);
    expect(tf.memory().numTensors).toBe(before + 1);
    // Files are cut from whole pixels, memory is not rounded in between.
    const ofFile = await encoder.encode(photo(3).png);
    for (const [at, value] of ofFile.entries()) expect(Math.abs(value - vector[at]!)).toBeLessThan(0.01);
    tf.dispose([image, pixels, wanted]);
    network.dispose();
  });

  test('encodes lists of any kinds and sizes, more than one batch of them, in their order', async () => {
    const before = tf.memory().numTensors;
    const all = await encoder.encodeAll(paths);
    expect(all.shape).toEqual([NAMES.length, 16]);
    expectClose(all.features, expected);
    const { data, width, height } = photo(5);
    const shape = [height, width, 3] as const;
    const alone = await encoder.encode({ data, shape });
    const mixed = await encoder.encodeAll([paths[1]!, { data, shape }, await readFile(paths[2]!)]);
    expectClose(mixed.features, Float32Array.of(...expectedOf(1), ...alone, ...expectedOf(2)));
    expect(await encoder.encodeAll([])).toEqual({ features: new Float32Array(0), shape: [0, 16] });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('encodes many pixels of one size at once', async () => {
    const count = 11;
    const data = Uint8Array.from({ length: count * 20 * 24 * 3 }, (_, at) => (at * 7919) % 256);
    const single = { data: data.subarray(20 * 24 * 3, 2 * 20 * 24 * 3), shape: [20, 24, 3] as const };
    const alone = await encoder.encode(single);
    const before = tf.memory().numTensors;
    const ofPixels = await encoder.encodeAll({ data, shape: [count, 20, 24, 3] });
    const images = tf.tensor4d(new Float32Array(data), [count, 20, 24, 3]);
    const ofTensor = await encoder.encodeAll(images);
    images.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(ofPixels.shape).toEqual([count, 16]);
    expect(ofTensor).toEqual(ofPixels);
    expectClose(ofPixels.features.slice(16, 32), alone);
  });

  test('tells what is wrong with images, and keeps nothing', async () => {
    const before = tf.memory().numTensors;
    await expect(encoder.encode('/none.jpg')).rejects.toMatchObject({ code: 'IMAGE_NOT_READABLE' });
    await expect(encoder.encodeAll([paths[0]!, Buffer.from('no image')])).rejects.toMatchObject({
      code: 'IMAGE_CORRUPT',
    });
    const small = await openEncoder(run, { maxPixels: 10 });
    await expect(small.encode(paths[0]!)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    small.dispose();
    const data = new Uint8Array(48);
    for (const shape of [
      [4, 4],
      [3, 4, 4, 1],
      [0, 4, 3],
      [4.5, 4, 3],
    ]) {
      const pixels = { data, shape } as unknown as { data: Uint8Array; shape: [number, number, number] };
      await expect(encoder.encode(pixels)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    for (const shape of [
      [5, 4, 3],
      [4, 12, 1],
      [4, 3, 4],
    ] as [number, number, number][]) {
      await expect(encoder.encode({ data, shape })).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
    }
    await expect(encoder.encode(7 as unknown as string)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    const wrong = 7 as unknown as string[];
    await expect(encoder.encodeAll(wrong)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is of no use once it is disposed, which may be done twice', async () => {
    const before = tf.memory().numTensors;
    const other = await openEncoder(run);
    other.dispose();
    other.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(other.encode(paths[0]!)).rejects.toMatchObject({ code: 'ENCODER_DISPOSED' });
    // What has begun ends with the same error.
    const third = await openEncoder(run);
    const encoding = third.encodeAll(paths);
    third.dispose();
    await expect(encoding).rejects.toMatchObject({ code: 'ENCODER_DISPOSED' });
    expect(tf.memory().numTensors).toBe(before);
    const misspelt = { maxPixel: 3 } as object;
    await expect(openEncoder(run, misspelt)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' });
  });
});

describe('openEncoder of a file of weights', () => {
  const engine = { backend: 'wasm' };
  const mine = (values: Record<string, unknown>) => ({
    changes: [{ origin: 'test', values: { engine, ...values } }],
  });

  test('knows from the file itself how to prepare images', async () => {
    const file = join(run, 'encoder.safetensors');
    const opened = await openEncoder(file, mine({}));
    expect(opened).toMatchObject({ size: 16, source: file, preprocessing: encoder.preprocessing });
    expect(await opened.encode(paths[4]!)).toEqual(await encoder.encode(paths[4]!));
    opened.dispose();
    const head = await openEncoder(file, mine({ evaluation: { features: 'head' } }));
    const other = await openEncoder(run, mine({ evaluation: { features: 'head' } }));
    expect(head).toMatchObject({ size: 8, features: 'head' });
    expect(await head.encode(paths[4]!)).toEqual(await other.encode(paths[4]!));
    head.dispose();
    other.dispose();
  });

  test('a file that says neither is told of what it lacks, and is opened once it is said', async () => {
    const foreign = await fileWith({ format: 'pt' });
    const encoderSettings = { architecture: 'resnet8', width: 4 };
    const augmentation = { recipe: 'mocoV2', size: 16 };
    await expect(openEncoder(foreign, mine({}))).rejects.toMatchObject({
      code: 'ENCODER_NOT_DESCRIBED',
      given: foreign,
      remedy: expect.stringContaining('--set encoder.architecture=') as unknown,
    });
    await expect(openEncoder(foreign, mine({ encoder: encoderSettings }))).rejects.toMatchObject({
      code: 'ENCODER_NOT_DESCRIBED',
      remedy: expect.stringContaining('--set augmentation.size=') as unknown,
    });
    const opened = await openEncoder(foreign, mine({ encoder: encoderSettings, augmentation }));
    expect(await opened.encode(paths[4]!)).toEqual(await encoder.encode(paths[4]!));
    opened.dispose();
    await expect(
      openEncoder(foreign, mine({ encoder: { architecture: 'resnet9' }, augmentation })),
    ).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    await expect(openEncoder(foreign, mine({ data: { train: 'x' } }))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    });
    const before = tf.memory().numTensors;
    await expect(
      openEncoder(foreign, mine({ encoder: { architecture: 'resnet18' }, augmentation })),
    ).rejects.toMatchObject({
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringContaining(foreign) as unknown,
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a file of a version that did not say how images are prepared wants to be told', async () => {
    await useBackend('wasm', { log: () => undefined });
    const network = createEncoder({ architecture: 'resnet8', width: 2, seed: 1 });
    const file = join(parent, 'older.safetensors');
    await saveEncoder(network, file);
    network.dispose();
    await expect(openEncoder(file, mine({}))).rejects.toMatchObject({ code: 'ENCODER_NOT_DESCRIBED' });
    const opened = await openEncoder(file, mine({ augmentation: { recipe: 'cifar', size: 8 } }));
    expect(opened).toMatchObject({ size: 8, preprocessing: { resize: 8, size: 8 } });
    opened.dispose();
  });

  test.each([
    ['protocl.preprocessing', 'none'],
    ['protocl.preprocessing', '{}'],
    ['protocl.preprocessing', '['.repeat(5000)],
    ['protocl.preprocessing', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['protocl.preprocessing', '{"resize":8,"size":9,"mean":[0,0,0],"std":[1,1,1]}'],
    ['protocl.preprocessing', '{"resize":8,"size":8,"mean":[0,0,0],"std":[1,0,1]}'],
    ['protocl.features', 'both'],
  ])('a file that says %s wrongly is a typed error', async (key, value) => {
    const file = await withMetadata('wrong.safetensors', (metadata) => ({ ...metadata, [key]: value }));
    await expect(openEncoder(file, mine({}))).rejects.toMatchObject({ code: 'ENCODER_NOT_DESCRIBED' });
  });

  test('a damaged file is told as such', async () => {
    const bytes = await readFile(join(run, 'encoder.safetensors'));
    bytes[bytes.length - 1]! ^= 1;
    const file = join(parent, 'damaged.safetensors');
    await writeFile(file, bytes);
    await expect(openEncoder(file, mine({}))).rejects.toMatchObject({ code: 'SAFETENSORS_INVALID' });
  });
});
