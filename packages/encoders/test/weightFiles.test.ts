import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import {
  createEncoder,
  decodeSafetensors,
  describedEncoder,
  encodeSafetensors,
  loadEncoder,
  loadWeights,
  saveEncoder,
  type Encoder,
  type EncoderOptions,
  type TensorState,
} from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { encoderOf, expectEvaluation, fixtureFile, readFixture, type EvaluationCase } from './reference.js';

const options: EncoderOptions = { architecture: 'resnet14', width: 2, seed: 1 };
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-encoders-'));
  path = join(folder, 'encoder.safetensors');
  await useBackend('wasm', { log: () => undefined });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

/** Checks that loading fails with these fields, and that the encoder stays as it was. */
async function expectRefusal(encoder: Encoder, file: string, fields: object, how = {}): Promise<void> {
  const before = await encoder.toState();
  await expect(loadEncoder(encoder, file, how)).rejects.toMatchObject(fields);
  expect(await encoder.toState()).toEqual(before);
}

async function writeTensors(tensors: Readonly<Record<string, TensorState>>): Promise<string> {
  const file = join(folder, 'written.safetensors');
  await writeFile(file, encodeSafetensors(tensors));
  return file;
}

async function fileOf(bytes: Uint8Array): Promise<string> {
  const file = join(folder, 'written.safetensors');
  await writeFile(file, bytes);
  return file;
}

function prefixed(prefix: string, tensors: Readonly<Record<string, TensorState>>) {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

describe('saveEncoder and loadEncoder', () => {
  test('give the same encoder again', async () => {
    const encoder = createEncoder(options);
    const other = createEncoder({ ...options, seed: 2 });
    const images = tf.ones<tf.Rank.R4>([2, 8, 8, 3]);
    encoder.forward(images, { training: true }).dispose();
    images.dispose();
    const written = await saveEncoder(encoder, path);
    expect(written).toMatchObject({ path, bytes: (await readFile(path)).length });
    const state = await encoder.toState();
    const report = await loadEncoder(other, path);
    expect(await other.toState()).toEqual(state);
    expect(report).toMatchObject({ prefix: '', skipped: [], ignored: [] });
    expect([...report.loaded].sort()).toEqual(Object.keys(state.tensors).sort());
    // The same encoder is the same file.
    expect((await saveEncoder(other, path)).sha256).toBe(written.sha256);
    expect(decodeSafetensors(await readFile(path)).metadata).toEqual({
      format: 'pt',
      architecture: 'resnet14',
      stem: 'small',
      input: 'rgb',
      width: '2',
      head: 'linear',
      dimension: '128',
      'protocl.sha256': expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    encoder.dispose();
    other.dispose();
  });

  test.each<EncoderOptions>([
    options,
    { architecture: 'resnet18', stem: 'imagenet', width: 1, head: { kind: 'none' }, seed: 4 },
    { architecture: 'resnet8', input: 'sobel', width: 3, head: { kind: 'mlp', dimension: 5 }, seed: 4 },
  ])('a file says which encoder it is of, and what it was given to say: %j', async (made) => {
    const encoder = createEncoder(made);
    const metadata = { 'example.note': 'naïve ☃', architecture: 'another' };
    await saveEncoder(encoder, path, { metadata });
    const stored = decodeSafetensors(await readFile(path)).metadata;
    expect(stored['example.note']).toBe('naïve ☃');
    expect({ ...describedEncoder(stored), seed: made.seed }).toEqual(encoder.options);
    encoder.dispose();
  });

  test('a file of another program does not say which encoder it is of, and an unknown one is refused', () => {
    expect(describedEncoder({})).toBeUndefined();
    expect(describedEncoder({ format: 'pt', architecture: 'ResNetForImageClassification' })).toBeUndefined();
    const wrong = { architecture: 'resnet8', stem: 'small', input: 'rgb', width: '1e', head: 'none' };
    expect(() => describedEncoder(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  test('tell any flipped bit, of weights as of metadata, by a hash in the file', async () => {
    const encoder = createEncoder(options);
    await saveEncoder(encoder, path);
    const bytes = await readFile(path);
    const { tensors, metadata } = decodeSafetensors(bytes);
    // The hash as it is defined, from the parts of the file.
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const { 'protocl.sha256': hash, ...described } = metadata;
    const names = Object.keys(header).filter((name) => name !== '__metadata__');
    names.sort((a, b) => header[a]!.data_offsets[0] - header[b]!.data_offsets[0]);
    const entries = names.map((name) => [
      name,
      header[name]!.dtype,
      header[name]!.shape,
      ...header[name]!.data_offsets,
    ]);
    const data = createHash('sha256')
      .update(bytes.subarray(8 + length))
      .digest('hex');
    const sorted = Object.entries(described).sort(([a], [b]) => (a < b ? -1 : 1));
    expect(hash).toBe(
      createHash('sha256')
        .update(JSON.stringify([sorted, entries, data]))
        .digest('hex'),
    );

    for (const at of [8 + length, 8 + length + 1001, bytes.length - 1]) {
      bytes[at]! ^= 4;
      await expectRefusal(encoder, await fileOf(bytes), {
        code: 'SAFETENSORS_INVALID',
        message: expect.stringMatching(
          /written\.safetensors: the weights are not those that were saved/,
        ) as unknown,
      });
      bytes[at]! ^= 4;
    }
    const renamed = encodeSafetensors(tensors, { ...metadata, architecture: 'resnet18' });
    await expectRefusal(encoder, await fileOf(renamed), { code: 'SAFETENSORS_INVALID' });
    // Other programs write files without a hash.
    await loadEncoder(encoder, await fileOf(encodeSafetensors(tensors, described)));
    encoder.dispose();
  });

  test('load a checkpoint of MoCo made by PyTorch, and give its features', async () => {
    const reference = await readFixture<EvaluationCase>('moco.json');
    const encoder = encoderOf(reference);
    const report = await loadEncoder(encoder, fixtureFile('moco.safetensors'));
    expect(report.prefix).toBe('module.encoder_q.');
    expect(report.loaded).toHaveLength(104);
    expect(report.ignored).toHaveLength(22);
    expect(report.ignored).toContain('module.queue_ptr');
    expect(report.ignored).toContain('module.encoder_q.bn1.num_batches_tracked');
    expectEvaluation(encoder, reference);
    encoder.dispose();
  });

  test('take the bytes of a file as well', async () => {
    const reference = await readFixture<EvaluationCase>('moco.json');
    const encoder = encoderOf(reference);
    const report = await loadWeights(encoder, await readFile(fixtureFile('moco.safetensors')));
    expect(report.loaded).toHaveLength(104);
    expectEvaluation(encoder, reference);
    encoder.dispose();
  });

  test('leave the head as it is if asked to', async () => {
    const reference = await readFixture<EvaluationCase>('moco.json');
    const whole = encoderOf(reference);
    await loadEncoder(whole, fixtureFile('moco.safetensors'));
    const headless = encoderOf({ ...reference, head: 'none' });
    const linear = encoderOf({ ...reference, head: 'linear' });
    const expected = (await whole.toState()).tensors;
    for (const encoder of [headless, linear]) {
      const own = encoder.variables['fc.weight']?.dataSync().slice();
      const report = await loadEncoder(encoder, fixtureFile('moco.safetensors'), { head: 'skip' });
      const skipped = ['fc.0.bias', 'fc.0.weight', 'fc.2.bias', 'fc.2.weight'];
      expect(report.skipped).toEqual(skipped.map((name) => `module.encoder_q.${name}`));
      expect(encoder.variables['fc.weight']?.dataSync()).toEqual(own);
      const { tensors } = await encoder.toState();
      expect(tensors['layer4.1.conv2.weight']).toEqual(expected['layer4.1.conv2.weight']);
      expect(tensors['layer4.1.bn2.running_var']).toEqual(expected['layer4.1.bn2.running_var']);
    }
    await expectRefusal(headless, fixtureFile('moco.safetensors'), {
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringMatching(
        /moco\.safetensors: .*not known to the encoder: fc\.0\.bias, fc\.0\.weight/,
      ),
    });
    await expectRefusal(linear, fixtureFile('moco.safetensors'), {
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringMatching(/missing: fc\.weight, fc\.bias\. not known to the encoder: fc\.0\.bias/),
    });
    for (const encoder of [whole, headless, linear]) encoder.dispose();
  });

  test('tell several encoders in a file apart by their prefix', async () => {
    const [query, key] = [3, 4].map((seed) => createEncoder({ ...options, seed })) as [Encoder, Encoder];
    const states = { query: await query.toState(), key: await key.toState() };
    const file = await writeTensors({
      ...prefixed('module.encoder_q.', states.query.tensors),
      ...prefixed('module.encoder_k.', states.key.tensors),
    });
    const encoder = createEncoder(options);
    await expectRefusal(encoder, file, {
      code: 'PREFIX_AMBIGUOUS',
      message: expect.stringContaining("'module.encoder_k.', 'module.encoder_q.'"),
    });
    await expectRefusal(
      encoder,
      file,
      { code: 'ENCODER_NOT_FOUND', message: expect.stringContaining("'module.encoder_k.'") },
      { prefix: 'encoder.' },
    );
    const report = await loadEncoder(encoder, file, { prefix: 'module.encoder_k.' });
    expect(await encoder.toState()).toEqual(states.key);
    expect(report.ignored).toEqual(
      Object.keys(states.query.tensors)
        .sort()
        .map((name) => `module.encoder_q.${name}`),
    );
    for (const each of [query, key, encoder]) each.dispose();
  });

  test('refuse files that are none, or of something else, and change nothing', async () => {
    const encoder = createEncoder(options);
    await expectRefusal(encoder, join(folder, 'absent'), {
      code: 'FILE_NOT_READABLE',
      message: expect.stringContaining('ENOENT'),
    });
    await expectRefusal(encoder, folder, { code: 'FILE_NOT_READABLE' });
    const vector: TensorState = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    await expectRefusal(encoder, await writeTensors({ queue: vector }), { code: 'ENCODER_NOT_FOUND' });
    await expectRefusal(encoder, await writeTensors({}), { code: 'ENCODER_NOT_FOUND' });

    const wider = createEncoder({ ...options, width: 3 });
    await saveEncoder(wider, path);
    await expectRefusal(encoder, path, {
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringMatching(
        /conv1\.weight is float32 \[3, 3, 3, 3\] of 81 instead of .*and \d+ more/,
      ),
    });
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 1));
    await expectRefusal(wider, path, {
      code: 'SAFETENSORS_INVALID',
      message: expect.stringMatching(/encoder\.safetensors: .*it is cut off/),
    });
    await expectRefusal(encoder, path, { code: 'INVALID_OPTION' }, { head: 'drop' });
    wider.dispose();
    encoder.dispose();
  });
});
