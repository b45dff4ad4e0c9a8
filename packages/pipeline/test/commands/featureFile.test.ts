import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';

import { isFeatureFile, readFeatures, writeFeatures } from '../../src/commands/featureFile.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-features-'));
});
afterAll(() => rm(folder, { recursive: true }));

const features = {
  features: Float32Array.of(1, 2, 3, 4, 5, 6),
  shape: [3, 2] as const,
  labels: Int32Array.of(0, 1, 0),
  indices: Int32Array.of(5, 6, 7),
};

describe('a file of features', () => {
  test.each(['a.safetensors', 'a.npy'])('%s is read as it was written', async (name) => {
    const path = join(folder, name);
    const written = await writeFeatures(path, features, { split: 'train' });
    expect(written[0]).toBe(path);
    expect(await isFeatureFile(path)).toBe(true);
    const { features: values, shape, labels } = await readFeatures(path);
    expect({ values, shape, labels }).toEqual({
      values: features.features,
      shape: features.shape,
      labels: features.labels,
    });
  });

  test.each(['several.safetensors', 'several.npy'])('%s keeps several classes of an image', async (name) => {
    const path = join(folder, name);
    const labels = { classes: 2, values: Int8Array.of(1, -1, 0, 1, -1, -1) };
    await writeFeatures(path, { ...features, labels });
    const read = await readFeatures(path);
    expect(read.labels).toEqual({ classes: 2, values: Int32Array.from(labels.values) });
    await writeFeatures(path, { ...features, labels: { ...labels, values: labels.values.slice(2) } });
    await expect(readFeatures(path)).rejects.toMatchObject({ code: 'INVALID_FEATURES' });
  });

  test('as safetensors has the indices and the metadata too', async () => {
    const path = join(folder, 'b.safetensors');
    await writeFeatures(path, features, { split: 'test' });
    const { tensors, metadata } = decodeSafetensors(await readFile(path));
    expect(tensors['indices']).toEqual({ dtype: 'int32', shape: [3], data: features.indices });
    expect(metadata).toEqual({ split: 'test' });
  });

  test('needs no labels', async () => {
    const path = join(folder, 'c.npy');
    const { features: values, shape, indices } = features;
    const unlabelled = { features: values, shape, indices };
    expect(await writeFeatures(path, unlabelled)).toEqual([path, join(folder, 'c.indices.npy')]);
    expect((await readFeatures(path)).labels).toBeUndefined();
  });

  test('is told from a checkpoint', async () => {
    const path = join(folder, 'd.safetensors');
    const weights = { dtype: 'float32' as const, shape: [1], data: Float32Array.of(1) };
    await writeFile(path, encodeSafetensors({ weights }));
    expect(await isFeatureFile(path)).toBe(false);
    expect(await isFeatureFile(folder)).toBe(false);
    await expect(readFeatures(path)).rejects.toMatchObject({ code: 'INVALID_FEATURES' });
  });

  test('of another kind is refused', async () => {
    await expect(writeFeatures(join(folder, 'a.csv'), features)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(readFeatures(join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'INVALID_FEATURES' });
  });
});
