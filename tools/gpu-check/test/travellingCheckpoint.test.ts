import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import type { ImageDataset } from '@protocl/datasets';
import { resolveConfig, resume, train, type Output } from '@protocl/pipeline';
import { loadCheckpoint, saveCheckpoint, type TensorState } from '@protocl/trainer';

import { packCheckpoint, unpackCheckpoint } from '../checkpoint/travellingCheckpoint.js';

jest.setTimeout(120_000);

let folder: string;
let packed: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpu-check-travel-'));
  packed = join(folder, 'packed');
});
afterEach(() => rm(folder, { recursive: true }));

const random = randomStream({ seed: 1, purpose: 'travelling tensors' });
const normal = (size: number, scale: number): TensorState => ({
  dtype: 'float32',
  shape: [size],
  data: random.normal(size).map((value) => value * scale),
});
const LARGE = 20_000;
const encoder = normal(LARGE, 0.05);
/** As after many steps: near the encoder, but not the same. */
const follower = normal(LARGE, 0.05);
for (let i = 0; i < LARGE; i++) follower.data[i] = encoder.data[i]! + 0.05 * follower.data[i]!;
const tensors: Record<string, TensorState> = {
  'method/encoder/conv.weight': encoder,
  'method/encoder/bn.running_var': normal(64, 1),
  'method/keyEncoder/conv.weight': follower,
  // Too far apart for one scale.
  'method/encoder/fc.weight': normal(LARGE, 1e-6),
  'method/keyEncoder/fc.weight': normal(LARGE, 1e-3),
  'method/queue/features': normal(LARGE, 0.1),
  'method/prototypes/0/assignments': {
    dtype: 'int32',
    shape: [500],
    data: random.integers(500, 40),
  },
  'optimizer/velocity/conv.weight': normal(LARGE, 1e-4),
};

/** A run's folder with a checkpoint of these tensors; returns the checkpoint's path. */
async function syntheticRun(): Promise<string> {
  const path = join(folder, 'run/checkpoints/epoch-0002-step-000007.safetensors');
  await saveCheckpoint(path, {
    epoch: 2,
    step: 7,
    method: 'pcl',
    optimizer: 'sgd',
    config: { name: 'synthetic', list: [1, 0.1, null] },
    best: { metric: 'knn', value: 0.5, file: 'epoch-0001.safetensors' },
    state: { tensors, values: { 'method/queue/position': 3 } },
  });
  await writeFile(join(folder, 'run/config.json'), '{ "config": "ä" }\n');
  await writeFile(join(folder, 'run/log.jsonl'), '{"type":"start"}\n');
  return path;
}

async function bytesOf(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
  return bytes;
}

async function lastMessage(run: string): Promise<string> {
  const lines = (await readFile(join(run, 'log.jsonl'), 'utf8')).trimEnd().split('\n');
  return (JSON.parse(lines.at(-1)!) as { text: string }).text;
}

describe('a checkpoint that fits', () => {
  test('arrives bit for bit, with the configuration and the log', async () => {
    const path = await syntheticRun();
    const result = await packCheckpoint(path, packed, { pieceBytes: 100_000 });
    expect(result.exact).toBe(true);
    expect(result.files[0]).toBe('checkpoint.json');
    expect([...result.files].sort()).toEqual((await readdir(packed)).sort());
    expect(result.files.length).toBeGreaterThan(4);
    expect(result.bytes).toBe(await bytesOf(packed));
    for (const name of result.files)
      expect((await stat(join(packed, name))).size).toBeLessThanOrEqual(100_000);
    // Less than the file, as its exponents take few values.
    expect(result.bytes).toBeLessThan(0.9 * (await stat(path)).size);

    const run = join(folder, 'arrived');
    const arrived = await unpackCheckpoint(packed, run);
    expect(arrived).toEqual({
      path: join(run, 'checkpoints/epoch-0002-step-000007.safetensors'),
      epoch: 2,
      step: 7,
      exact: true,
    });
    expect(Buffer.compare(await readFile(arrived.path), await readFile(path))).toBe(0);
    expect(await readFile(join(run, 'config.json'), 'utf8')).toBe('{ "config": "ä" }\n');
    expect(await readFile(join(run, 'log.jsonl'), 'utf8')).toMatch(/^\{"type":"start"\}\n.*\n$/);
    expect(await lastMessage(run)).toMatch(/^epoch-0002-step-000007.safetensors was carried .* bit for bit$/);
  });

  test('replaces one that was packed there before', async () => {
    const path = await syntheticRun();
    await packCheckpoint(path, packed, { pieceBytes: 50_000 });
    const { files } = await packCheckpoint(path, packed);
    expect(files).toEqual(['checkpoint.json', 'checkpoint.001']);
    expect((await readdir(packed)).sort()).toEqual(['checkpoint.001', 'checkpoint.json']);
    expect(await unpackCheckpoint(packed, join(folder, 'arrived'))).toMatchObject({ exact: true });
  });
});

describe('a checkpoint that does not fit', () => {
  /** The largest error of a tensor, relative to its largest value. */
  async function errorsAfter(totalBytes: number): Promise<Record<string, number>> {
    const { bytes, exact } = await packCheckpoint(await syntheticRun(), packed, { totalBytes });
    expect(exact).toBe(false);
    expect(bytes).toBeLessThanOrEqual(totalBytes);
    expect(bytes).toBe(await bytesOf(packed));
    const { path, exact: isExact } = await unpackCheckpoint(packed, join(folder, 'arrived'));
    expect(isExact).toBe(false);
    const { state, epoch, step, best } = await loadCheckpoint(path);
    expect({ epoch, step, best: best?.value, values: state.values }).toEqual({
      epoch: 2,
      step: 7,
      best: 0.5,
      values: { 'method/queue/position': 3 },
    });
    expect(Object.keys(state.tensors).sort()).toEqual(Object.keys(tensors).sort());
    return Object.fromEntries(
      Object.entries(tensors).map(([name, { data }]) => {
        const arrived = state.tensors[name]!.data;
        const errors = [...data].map((value, i) => Math.abs(value - arrived[i]!) / (Math.abs(value) || 1));
        return [name, Math.max(...errors)];
      }),
    );
  }

  test('has its large weights in float16, the optimizer’s in bfloat16, all else exact', async () => {
    const errors = await errorsAfter(300_000);
    // Half a step of the last bit that is kept, and subnormals of the smallest values.
    for (const name of ['encoder/conv', 'keyEncoder/conv', 'keyEncoder/fc'].map(
      (part) => `method/${part}.weight`,
    )) {
      expect(errors[name]).toBeGreaterThan(2 ** -13);
      expect(errors[name]).toBeLessThanOrEqual(2 ** -11);
    }
    expect(errors['optimizer/velocity/conv.weight']).toBeGreaterThan(2 ** -10);
    expect(errors['optimizer/velocity/conv.weight']).toBeLessThanOrEqual(2 ** -8);
    expect(errors).toMatchObject({
      'method/encoder/bn.running_var': 0,
      'method/queue/features': 0,
      'method/prototypes/0/assignments': 0,
    });
    const note = /5 of its 8 tensors rounded to 16 bits: resuming is not exact/;
    expect(await lastMessage(join(folder, 'arrived'))).toMatch(note);
    expect(await readFile(join(packed, 'checkpoint.json'), 'utf8')).toMatch(note);
  });

  test('has them in bfloat16 where float16 is too large', async () => {
    const errors = await errorsAfter(230_000);
    expect(errors['method/encoder/conv.weight']).toBeGreaterThan(2 ** -10);
    expect(errors['method/keyEncoder/conv.weight']).toBeLessThanOrEqual(2 ** -8);
    expect(errors['method/queue/features']).toBe(0);
  });

  test('stays where it is if that is too large, too', async () => {
    await expect(packCheckpoint(await syntheticRun(), packed, { totalBytes: 100_000 })).rejects.toMatchObject(
      {
        code: 'CHECKPOINT_TOO_LARGE',
        given: expect.stringMatching(/^[12]\d{5} bytes$/),
        expected: 'at most 100000 bytes',
      },
    );
    await expect(readdir(packed)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('what was carried', () => {
  test('is refused with the names of the pieces that are missing or have changed', async () => {
    await packCheckpoint(await syntheticRun(), packed, { pieceBytes: 100_000 });
    await rm(join(packed, 'checkpoint.002'));
    const third = await readFile(join(packed, 'checkpoint.003'));
    third[5]! ^= 4;
    await writeFile(join(packed, 'checkpoint.003'), third);
    const run = join(folder, 'arrived');
    await expect(unpackCheckpoint(packed, run)).rejects.toMatchObject({
      code: 'CHECKPOINT_PIECES',
      given: 'checkpoint.002 missing, checkpoint.003 changed',
    });
    await writeFile(join(packed, 'checkpoint.json'), '{"version":0}');
    await expect(unpackCheckpoint(packed, run)).rejects.toMatchObject({
      code: 'CHECKPOINT_PIECES',
      given: expect.stringMatching(/^checkpoint.json changed/),
    });
    await rm(join(packed, 'checkpoint.json'));
    await expect(unpackCheckpoint(packed, run)).rejects.toMatchObject({
      code: 'CHECKPOINT_PIECES',
      given: 'checkpoint.json missing',
    });
    await expect(readdir(run)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('does not replace a run', async () => {
    await packCheckpoint(await syntheticRun(), packed);
    await expect(unpackCheckpoint(packed, join(folder, 'run'))).rejects.toMatchObject({
      code: 'RUN_FOLDER',
      given: join(folder, 'run'),
    });
  });

  test('comes from the folder of a run', async () => {
    const path = await syntheticRun();
    await rm(join(folder, 'run/config.json'));
    await expect(packCheckpoint(path, packed)).rejects.toMatchObject({ code: 'RUN_FOLDER' });
  });
});

describe('a run that travels', () => {
  const images = { train: colours(80, 1), test: colours(40, 2) };
  const config = resolveConfig([
    {
      origin: 'test',
      values: {
        name: 'travelling',
        data: { kind: 'cifar10' },
        augmentation: { recipe: 'cifar', size: 8 },
        // Wide enough for large tensors.
        encoder: { architecture: 'resnet8', width: 24, head: { kind: 'linear', dimension: 8 } },
        method: {
          kind: 'pcl',
          queue: 64,
          momentum: 0.9,
          warmupEpochs: 1,
          granularities: [4, 8],
          batchNormSplits: 1,
          expectation: { iterations: 5, redo: 1, minPointsPerCentroid: 1 },
        },
        optimizer: { kind: 'sgd', momentum: 0.9 },
        schedule: { kind: 'constant', learningRate: 0.03 },
        training: { epochs: 3, batchSize: 16, readEvery: 1 },
        evaluation: { everyEpochs: 3, batchSize: 40, knn: { k: 5 }, linear: { when: 'never' } },
        engine: { backend: 'wasm' },
      },
    },
  ]);
  let runs: string;
  let stoppedAt: string;
  const place = (name: string) => join(runs, name);
  beforeAll(async () => {
    runs = await mkdtemp(join(tmpdir(), 'gpu-check-runs-'));
    await train(config, { folder: place('whole'), images });
    // Within the second epoch, which has prototypes.
    const stopping = new AbortController();
    const output = new PassThrough();
    output.on('data', (text: Buffer) => {
      if (text.toString().includes('E-step of epoch 2')) stopping.abort();
    });
    const stopped = await train(config, {
      folder: place('stopped'),
      images,
      signal: stopping.signal,
      output: Object.assign(output, { isTTY: false, columns: 200 }) as unknown as Output,
    });
    expect(stopped.status).toBe('stopped');
    stoppedAt = stopped.checkpoint!;
  });
  afterAll(() => rm(runs, { recursive: true }));

  async function travel(name: string, totalBytes: number): Promise<{ exact: boolean }> {
    await packCheckpoint(stoppedAt, packed, { totalBytes });
    const arrived = await unpackCheckpoint(packed, place(name));
    expect(arrived).toMatchObject({ epoch: 1, step: 1 });
    await resume(place(name), { images });
    return arrived;
  }

  async function losses(name: string): Promise<number[]> {
    const lines = (await readFile(join(place(name), 'log.jsonl'), 'utf8')).trimEnd().split('\n');
    return lines
      .map((line) => JSON.parse(line) as { type: string; loss: number })
      .filter(({ type }) => type === 'step')
      .map(({ loss }) => loss);
  }

  test('exactly ends with the bits of one that stayed', async () => {
    expect(await travel('exact', Infinity)).toMatchObject({ exact: true });
    for (const file of ['encoder.safetensors', 'metrics.json', 'checkpoints/epoch-0003.safetensors']) {
      const [ours, theirs] = [await readFile(place(`exact/${file}`)), await readFile(place(`whole/${file}`))];
      expect(Buffer.compare(ours, theirs)).toBe(0);
    }
    expect(await losses('exact')).toEqual(await losses('whole'));
  });

  test('rounded goes on with nearly the loss that it would have had', async () => {
    const exactBytes = (await packCheckpoint(stoppedAt, packed)).bytes;
    expect(await travel('rounded', Math.floor(0.8 * exactBytes))).toMatchObject({ exact: false });
    const [ours, theirs] = [await losses('rounded'), await losses('whole')];
    expect(ours).toHaveLength(15);
    expect(ours.slice(0, 6)).toEqual(theirs.slice(0, 6));
    expect(ours.slice(6)).not.toEqual(theirs.slice(6));
    // The first step has the same images, and weights that differ in the fourth digit.
    expect(Math.abs(ours[6]! / theirs[6]! - 1)).toBeLessThan(0.002);
    for (let step = 6; step < 15; step++) expect(Math.abs(ours[step]! / theirs[step]! - 1)).toBeLessThan(0.1);
  });
});

/** Noisy images whose class is their colour. */
function colours(count: number, seed: number, size = 12): ImageDataset {
  const draws = randomStream({ seed, purpose: 'coloured images' });
  const pixels = size * size * 3;
  const labels = draws.integers(count, 3);
  const bytes = Uint8Array.from(draws.integers(count * pixels, 100));
  for (let i = 0; i < bytes.length; i++) if (i % 3 === labels[Math.floor(i / pixels)]) bytes[i]! += 150;
  return { images: bytes, labels, shape: [count, size, size, 3], classNames: ['red', 'green', 'blue'] };
}
