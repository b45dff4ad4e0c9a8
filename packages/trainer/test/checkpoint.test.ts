import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';
import { loadCheckpoint, saveCheckpoint } from '@protocl/trainer';
import type { Checkpoint } from '@protocl/trainer';

import { contentHash } from '../src/checkpoints/contentHash.js';
import { temporaryFolder } from './temporaryFolder.js';

const folder = temporaryFolder();
const path = join(folder, 'checkpoint.safetensors');

const CHECKPOINT: Checkpoint = {
  epoch: 3,
  step: 7,
  method: 'pcl',
  optimizer: 'sgd',
  config: { preset: 'demo', seed: 1, nested: [null, true, 'ü'] },
  best: { metric: 'knn', value: 0.5, file: 'epoch-0002.safetensors' },
  state: {
    tensors: {
      'method/conv1.weight': { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-39, 0.1) },
      'method/assignments': { dtype: 'int32', shape: [3], data: Int32Array.of(5, -1, 2 ** 31 - 1) },
      'optimizer/empty': { dtype: 'float32', shape: [0], data: new Float32Array(0) },
    },
    values: { 'optimizer/steps': 12 },
  },
};

test('comes back as it was, and is safetensors that say what they are', async () => {
  const { bytes } = await saveCheckpoint(path, CHECKPOINT);
  expect(await loadCheckpoint(path)).toEqual(CHECKPOINT);
  const file = readFileSync(path);
  expect(file.length).toBe(bytes);
  const { metadata } = decodeSafetensors(file);
  expect(metadata).toMatchObject({ format: 'protocl-checkpoint', version: '1' });
  expect(JSON.parse(metadata['checkpoint']!)).toMatchObject({ epoch: 3, step: 7, config: CHECKPOINT.config });
});

test('a change of any bit, and a cut at any byte, is noticed', async () => {
  await saveCheckpoint(path, CHECKPOINT);
  const whole = readFileSync(path);
  const other = join(folder, 'other.safetensors');
  const codes = new Set<string>();
  const load = async (content: Uint8Array, at: number) => {
    writeFileSync(other, content);
    const outcome = await loadCheckpoint(other).catch((error: unknown) => error as { code?: string });
    const { code } = outcome as { code?: string };
    if (code?.startsWith('CHECKPOINT_') !== true) {
      // The padding of the header has no meaning; elsewhere nothing may pass.
      expect([at, outcome]).toEqual([at, CHECKPOINT]);
      expect(whole[at]).toBe(' '.charCodeAt(0));
      return;
    }
    codes.add(code);
  };
  for (let at = 0; at < whole.length; at++) {
    const changed = Uint8Array.from(whole);
    changed[at]! ^= 1 << (at % 8);
    await load(changed, at);
    await load(whole.subarray(0, at), at);
  }
  await load(Buffer.concat([whole, Buffer.from('x')]), 0);
  expect([...codes].sort()).toEqual(['CHECKPOINT_DAMAGED', 'CHECKPOINT_FOREIGN', 'CHECKPOINT_VERSION']);
});

test('a description that is none of a checkpoint is damage, whatever its hash says', async () => {
  const other = join(folder, 'y.safetensors');
  const { state, ...described } = CHECKPOINT;
  const whole = { ...described, values: {} };
  const descriptions = [
    '',
    '[]',
    'null',
    JSON.stringify({ ...whole, epoch: -1 }),
    JSON.stringify({ ...whole, step: 1.5 }),
    JSON.stringify({ ...whole, method: undefined }),
    JSON.stringify({ ...whole, best: { value: 5 } }),
    JSON.stringify({ ...whole, values: [] }),
    JSON.stringify({ ...whole, identity: {} }),
    JSON.stringify({ ...whole, config: '#' }).replace('"#"', '['.repeat(1e5) + ']'.repeat(1e5)),
  ];
  for (const checkpoint of descriptions) {
    const sha256 = contentHash(checkpoint, state.tensors);
    const metadata = { format: 'protocl-checkpoint', version: '1', sha256, checkpoint };
    writeFileSync(other, encodeSafetensors(state.tensors, metadata));
    await expect(loadCheckpoint(other)).rejects.toMatchObject({ code: 'CHECKPOINT_DAMAGED' });
  }
});

test('other files are named for what they are', async () => {
  const other = join(folder, 'x.safetensors');
  await expect(loadCheckpoint(join(folder, 'missing'))).rejects.toMatchObject({
    code: 'CHECKPOINT_NOT_FOUND',
  });
  writeFileSync(other, encodeSafetensors(CHECKPOINT.state.tensors, { format: 'pt' }));
  await expect(loadCheckpoint(other)).rejects.toMatchObject({ code: 'CHECKPOINT_FOREIGN' });
  writeFileSync(other, readFileSync(new URL(import.meta.url)));
  await expect(loadCheckpoint(other)).rejects.toMatchObject({ code: 'CHECKPOINT_FOREIGN' });
  await saveCheckpoint(path, CHECKPOINT);
  const { tensors, metadata } = decodeSafetensors(readFileSync(path));
  writeFileSync(other, encodeSafetensors(tensors, { ...metadata, version: '12' }));
  await expect(loadCheckpoint(other)).rejects.toMatchObject({
    code: 'CHECKPOINT_VERSION',
    given: 'layout 12',
    expected: 'layout 1',
  });
});

test('a state that is not finite is refused, and the file stays', async () => {
  await saveCheckpoint(path, CHECKPOINT);
  const before = readFileSync(path);
  const tensor = { dtype: 'float32', shape: [2], data: Float32Array.of(0, Number.NaN) } as const;
  const broken = { ...CHECKPOINT, state: { tensors: { 'method/bn1.running_var': tensor } } };
  await expect(saveCheckpoint(path, broken)).rejects.toMatchObject({
    code: 'STATE_NOT_FINITE',
    message: expect.stringContaining('method/bn1.running_var'),
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});
