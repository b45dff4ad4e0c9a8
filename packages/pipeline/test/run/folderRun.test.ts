import { appendFile, cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { decodeSafetensors } from '@protocl/encoders';
import { resume, train } from '@protocl/pipeline';
import { readRun, renderReport } from '@protocl/report';
import { loadCheckpoint } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { summaryInWords } from '../../src/run/summary.js';
import { writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(120_000);

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-folders-'));
  await useBackend('wasm', { log: () => undefined });
  await writeImageFolder(join(parent, 'train'), syntheticImages(48, 1));
  await writeImageFolder(join(parent, 'test'), syntheticImages(24, 2));
});
afterAll(() => rm(parent, { recursive: true }));

function configOf(changes: Record<string, unknown> = {}) {
  const data = { kind: 'folder', train: join(parent, 'train'), test: join(parent, 'test'), workers: 1 };
  return tinyConfig({ data, training: { epochs: 3 }, ...changes });
}

async function weightsOf(run: string): Promise<unknown> {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

describe('a run on folders of images', () => {
  test('trains, evaluates and keeps no tensor', async () => {
    const before = tf.memory().numTensors;
    const summary = await train(configOf(), { folder: join(parent, 'whole') });
    expect(tf.memory().numTensors).toBe(before);
    expect(summary).toMatchObject({ status: 'completed', epochs: 3, purity: expect.any(Number) });
    // Guessing gets 0.25; the classes are colours.
    expect(summary.knn.final).toBeGreaterThan(0.5);
    expect(summary.linear.final).toBeGreaterThan(0.5);
  });

  test('that loses its folder fails with the reason, and goes on once it is back', async () => {
    const { output, text } = recorder(false);
    const moved = join(parent, 'moved');
    await cp(join(parent, 'train'), join(parent, 'movable'), { recursive: true });
    let moving: Promise<void> | undefined;
    output.on('data', () => {
      if (/epoch 1 done/.test(text())) moving ??= rename(join(parent, 'movable'), moved);
    });
    const data = {
      kind: 'folder',
      train: join(parent, 'movable'),
      test: join(parent, 'test'),
      workers: 1,
      prefetch: 1,
    };
    const running = train(configOf({ data, training: { epochs: 3, readEvery: 1 } }), {
      folder: join(parent, 'lost'),
      output,
    });
    await expect(running).rejects.toMatchObject({
      code: 'FOLDER_CHANGED',
      message: expect.stringContaining('movable'),
    });
    await moving;
    const log = await readFile(join(parent, 'lost', 'log.jsonl'), 'utf8');
    expect(log.trimEnd().split('\n').at(-1)).toMatch(/"type":"error".*FOLDER_CHANGED/);
    const checkpoints = join(parent, 'lost', 'checkpoints');
    for (const name of await readdir(checkpoints)) await loadCheckpoint(join(checkpoints, name));
    await rename(moved, join(parent, 'movable'));
    expect(await resume(join(parent, 'lost'))).toMatchObject({ status: 'completed', epochs: 3 });
    // The names are all that differs, and the order of the images is that of their names.
    expect(await weightsOf('lost')).toEqual(await weightsOf('whole'));
  });

  test('names the images that it leaves out: on the terminal, in its summary, its report and its log', async () => {
    const { output, text } = recorder(false);
    const [damaged, held] = [join(parent, 'damaged'), join(parent, 'damaged-test')];
    await cp(join(parent, 'train'), damaged, { recursive: true });
    await cp(join(parent, 'test'), held, { recursive: true });
    const [name] = await readdir(join(damaged, 'red'));
    const [heldName] = await readdir(join(held, 'red'));
    await writeFile(
      join(damaged, 'red', name!),
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    );
    await writeFile(join(held, 'red', heldName!), '');
    const data = { kind: 'folder', train: damaged, test: held, workers: 1, maxCorruptShare: 0.1 };
    const folder = join(parent, 'skips');
    const summary = await train(configOf({ data }), { folder, output });
    const image = {
      split: 'train',
      path: `red/${name}`,
      reason: expect.stringContaining('no format') as unknown,
    };
    const heldOut = {
      split: 'test',
      path: `red/${heldName}`,
      reason: expect.stringContaining('empty') as unknown,
    };
    const images = expect.arrayContaining([image, heldOut]) as unknown;
    expect(summary).toMatchObject({ status: 'completed', skipped: { count: 2, images } });
    expect(JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'))).toMatchObject({
      skipped: { count: 2, images },
    });
    expect(text()).toMatch(new RegExp(`left out: training image red/${name} \\(.*no format`));
    expect(text()).toMatch(new RegExp(`left out: held-out image red/${heldName} \\(.*empty`));
    expect(summaryInWords(summary)).toMatch(/left out +2 images: .* image red/);
    const log = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trimEnd().split('\n');
    const skipped = log
      .map((line) => JSON.parse(line) as { type: string })
      .filter(({ type }) => type === 'skipped');
    expect(skipped).toHaveLength(2);
    const html = await renderReport([await readRun(folder)]);
    expect(html).toMatch(new RegExp(`images left out.*red/${name}`, 's'));
  });

  test('that has other classes for evaluation is refused', async () => {
    const other = join(parent, 'other');
    await cp(join(parent, 'test'), other, { recursive: true });
    await rename(join(other, 'red'), join(other, 'crimson'));
    const data = { kind: 'folder', train: join(parent, 'train'), test: other };
    await expect(train(configOf({ data }), { folder: join(parent, 'refused') })).rejects.toMatchObject({
      code: 'DATA_MISMATCH',
      given: expect.stringContaining('crimson'),
    });
  });

  test('that is too small for the configuration is refused', async () => {
    const training = train(configOf({ training: { batchSize: 64 } }), { folder: join(parent, 'small') });
    await expect(training).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      problems: expect.arrayContaining([expect.objectContaining({ path: 'training.batchSize' })]),
    });
  });

  test('goes on after its log was cut off', async () => {
    await appendFile(join(parent, 'whole', 'log.jsonl'), '{"type":"evalu');
    const metrics = await readFile(join(parent, 'whole', 'metrics.json'), 'utf8');
    expect(await resume(join(parent, 'whole'))).toMatchObject({ status: 'completed', epochs: 3 });
    expect(await readFile(join(parent, 'whole', 'metrics.json'), 'utf8')).toBe(metrics);
  });
});
