import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';

import { classLabels, featureMatrix } from '../../src/commands/featureValues.js';
import { encodeNpy, type NumberArray } from '../../src/commands/npy.js';
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

describe('numbers of other programs', () => {
  const matrix = (data: NumberArray['data'], shape: number[]) =>
    featureMatrix({ data, shape }, 'a.npy').features;

  test('are features as float32, whatever they were', () => {
    expect(matrix(Float64Array.of(0.1, -2), [1, 2])).toEqual(Float32Array.of(0.1, -2));
    expect(matrix(Uint8Array.of(0, 255), [2, 1])).toEqual(Float32Array.of(0, 255));
    expect(matrix(BigInt64Array.of(-5n, 2n ** 40n), [2, 1])).toEqual(Float32Array.of(-5, 2 ** 40));
  });

  test.each([
    ['one dimension', Float32Array.of(1, 2), [2], /array\.reshape/],
    ['three dimensions', Float32Array.of(1, 2), [2, 1, 1], /array\.reshape/],
    ['no rows', new Float32Array(), [0, 4], /at least one row/],
    ['no columns', new Float32Array(), [1e12, 0], /at least one row/],
    ['a number beyond float32', Float64Array.of(1, 1e39), [1, 2], /row 0, column 1.*1e\+39.*Scale/],
  ])('that have %s are no features', (_, data, shape, message) => {
    expect(() => matrix(data, shape)).toThrow(expect.objectContaining({ code: 'INVALID_FEATURES' }));
    expect(() => matrix(data, shape)).toThrow(message);
    expect(() => matrix(data, shape)).toThrow(/^a\.npy/);
  });

  const classes = (data: NumberArray['data'], shape: number[]) =>
    classLabels({ data, shape }, 'labels.npy', 3);

  test.each([
    ['int64', BigInt64Array.of(0n, 2n, 1n), [3]],
    ['a column', BigInt64Array.of(0n, 2n, 1n), [3, 1]],
    ['float64', Float64Array.of(0, 2, 1), [3]],
    ['uint8', Uint8Array.of(0, 2, 1), [3]],
  ])('are classes: %s', (_, data, shape) => {
    expect(classes(data, shape)).toEqual(Int32Array.of(0, 2, 1));
  });

  test('are several classes where -1 is among them', () => {
    const values = Int8Array.of(1, -1, 0, 1, -1, -1);
    expect(classes(values, [3, 2])).toEqual({ classes: 2, values: Int32Array.from(values) });
    expect(classes(Float32Array.from(values), [3, 2])).toEqual(classes(values, [3, 2]));
  });

  test.each([
    ['fractions', Float64Array.of(0, 1.5, 1), [3], /no whole number.*1\.5.*numpy\.unique/],
    ['NaN', Float64Array.of(0, NaN, 1), [3], /no whole number.*NaN/],
    ['numbers beyond int32', BigInt64Array.of(0n, 2n ** 31n, 1n), [3], /no whole number.*2147483648/],
    ['one-hot rows', Uint8Array.of(1, 0, 0, 1, 1, 0), [3, 2], /one-hot.*labels\.argmax\(axis=1\)/],
    ['columns of other values', Int32Array.of(1, -1, 5, 1, 1, 0), [3, 2], /says nothing.*5/],
    ['too few', Int32Array.of(1, 2), [2], /classes of 3 features.*\[2\]/],
    ['a row', Int32Array.of(1, 2, 0), [1, 3], /classes of 3 features.*\[1, 3\]/],
    ['a single number', Int32Array.of(1), [], /classes of 3 features/],
  ])('that are %s are no classes', (_, data, shape, message) => {
    expect(() => classes(data, shape)).toThrow(expect.objectContaining({ code: 'INVALID_FEATURES' }));
    expect(() => classes(data, shape)).toThrow(message);
    expect(() => classes(data, shape)).toThrow(/^labels\.npy/);
  });

  test('are refused beside features rather than left out, and another file can take their place', async () => {
    const path = join(folder, 'floats.npy');
    await writeFeatures(path, { features: features.features, shape: features.shape });
    const fractions = encodeNpy({ data: Float32Array.of(0, 0.5, 1), shape: [3] });
    await writeFile(join(folder, 'floats.labels.npy'), fractions);
    await expect(readFeatures(path)).rejects.toThrow(/floats\.labels\.npy holds a class/);
    const other = join(folder, 'other.npy');
    await writeFile(other, encodeNpy({ data: Float32Array.of(0, 2, 1), shape: [3] }));
    expect((await readFeatures(path, other)).labels).toEqual(Int32Array.of(0, 2, 1));
    await expect(readFeatures(path, join(folder, 'none.npy'))).rejects.toThrow(/none\.npy/);
  });

  test('in safetensors are read alike, and a damaged file is named', async () => {
    const path = join(folder, 'foreign.safetensors');
    const tensors = {
      features: { dtype: 'int32' as const, shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) },
      labels: { dtype: 'float32' as const, shape: [2, 1], data: Float32Array.of(1, 0) },
    };
    await writeFile(path, encodeSafetensors(tensors));
    expect(await readFeatures(path)).toEqual({
      features: Float32Array.of(1, 2, 3, 4),
      shape: [2, 2],
      labels: Int32Array.of(1, 0),
    });
    await writeFile(path, Buffer.alloc(20));
    const damaged = { code: 'SAFETENSORS_INVALID', message: expect.stringContaining(path) as unknown };
    await expect(readFeatures(path)).rejects.toMatchObject(damaged);
    await expect(isFeatureFile(path)).rejects.toMatchObject(damaged);
  });
});
