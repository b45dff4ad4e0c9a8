import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { decodeSafetensors } from '@protocl/encoders';
import { resume, train, type RunSummary } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { withFolderLocked } from '../../src/run/folderLock.js';
import { syntheticImages } from '../syntheticImages.js';
import { recorder } from '../recorder.js';
import { tinyConfig } from '../tinyConfig.js';

const images = { train: syntheticImages(80, 1), test: syntheticImages(40, 2) };

let parent: string;
let first: RunSummary;
let said: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-train-'));
  await useBackend('wasm', { log: () => undefined });
  const { output, text } = recorder(false);
  first = await train(tinyConfig(), { folder: join(parent, 'first'), images, output });
  said = text();
}, 60_000);
afterAll(() => rm(parent, { recursive: true }));

async function json(...path: string[]): Promise<unknown> {
  return JSON.parse(await readFile(join(parent, ...path), 'utf8'));
}

async function weightsOf(run: string): Promise<unknown> {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

async function logOf(run: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(join(parent, run, 'log.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A signal that asks to stop once something has been written to the output. */
function stopAt(pattern: RegExp) {
  const controller = new AbortController();
  const { output, text } = recorder(false);
  output.on('data', () => {
    if (pattern.test(text())) controller.abort();
  });
  return { output, signal: controller.signal };
}

describe('train', () => {
  test('a class alone ends no training: the linear probe has no score, and the reason is told', async () => {
    const one = ({ labels, ...of }: ReturnType<typeof syntheticImages>) => ({
      ...of,
      labels: new Int32Array(labels.length),
    });
    const { output, text } = recorder(false);
    const summary = await train(tinyConfig(), {
      folder: join(parent, 'one class'),
      images: { train: one(images.train), test: one(images.test) },
      output,
    });
    expect(summary).toMatchObject({ status: 'completed', knn: { final: 1 } });
    expect(summary.linear).toEqual({ random: null, warmup: null, final: null });
    expect(text()).toMatch(/no linear accuracy: .*one class/);
  }, 60_000);

  test('measures the encoder at its stages and writes the run’s folder', async () => {
    const score = expect.any(Number);
    expect(first).toMatchObject({
      status: 'completed',
      folder: join(parent, 'first'),
      epochs: 4,
      knn: { random: score, warmup: score, final: score },
      linear: { random: score, warmup: score, final: score },
      purity: score,
      purities: [
        { k: 4, purity: score },
        { k: 8, purity: score },
      ],
      seed: 3,
      backend: 'wasm on cpu',
    });
    for (const figure of [first.imagesPerSecond, first.minutes, first.peakMemoryBytes]) {
      expect(figure).toBeGreaterThan(0);
    }
    // Guessing gets 0.25; the classes are colours.
    expect(first.knn.final).toBeGreaterThan(0.6);
    expect((await readdir(join(parent, 'first'))).sort()).toEqual([
      'checkpoints',
      'config.json',
      'encoder.safetensors',
      'log.jsonl',
      'metrics.json',
      'summary.json',
    ]);
    expect(await json('first', 'summary.json')).toEqual(first);
    expect(await json('first', 'metrics.json')).toMatchObject({
      evaluations: [
        { epoch: 0, figures: { knn: first.knn.random, linear: first.linear.random } },
        { epoch: 2, figures: { knn: first.knn.warmup } },
        { epoch: 4, figures: { knn: first.knn.final } },
      ],
      expectations: [
        { epoch: 2, step: 0 },
        { epoch: 3, step: 0 },
      ],
    });
    expect((await readdir(join(parent, 'first', 'checkpoints'))).length).toBeGreaterThan(0);
  });

  test('logs everything that happens', async () => {
    const types = (await logOf('first')).map(({ type }) => type);
    for (const type of [
      'run',
      'message',
      'start',
      'step',
      'expectation',
      'evaluation',
      'epoch',
      'checkpoint',
      'end',
    ]) {
      expect(types).toContain(type);
    }
    expect(types.filter((type) => type === 'expectation')).toHaveLength(2);
  });

  test('logs what each epoch leaves in memory', async () => {
    const epochs = (await logOf('first')).filter(({ type }) => type === 'epoch');
    expect(epochs).toHaveLength(4);
    for (const { residentBytes } of epochs) expect(residentBytes).toBeGreaterThan(1e6);
    const tensors = epochs.map((epoch) => epoch['tensors']);
    // The prototypes come in between.
    expect(tensors[1]).toBe(tensors[0]);
    expect(tensors[3]).toBe(tensors[2]);
  });

  test('shows its progress', () => {
    expect(said).toMatch(/^run folder .*first$/m);
    expect(said).toMatch(
      /^epoch 1\/4 \| step 2\/5 \| \d+ images\/s \| loss \d+\.\d+ \(.*infoNCE .*\) \| lr [\d.]+ \|/m,
    );
    expect(said).toMatch(/^E-step of epoch 3: /m);
    expect(said).toMatch(/^after epoch 4: knn [\d.]+, linear [\d.]+ \(/m);
  });

  test('gives the same metrics twice, and others for another seed', async () => {
    const second = await train(tinyConfig(), { folder: join(parent, 'second'), images });
    expect(await json('second', 'metrics.json')).toEqual(await json('first', 'metrics.json'));
    expect(await weightsOf('second')).toEqual(await weightsOf('first'));
    expect(second.purities).toEqual(first.purities);
    await train(tinyConfig({ seed: 4, training: { epochs: 3 } }), { folder: join(parent, 'other'), images });
    expect(await weightsOf('other')).not.toEqual(await weightsOf('first'));
  }, 60_000);

  test.each([
    ['in the warm-up', /epoch 1\/4 \| step 2/],
    ['after an E-step', /E-step of epoch 3/],
  ])(
    'stopped %s and resumed, ends as if it had run through',
    async (where, pattern) => {
      const run = `stopped ${where}`;
      const stopped = await train(tinyConfig(), { folder: join(parent, run), images, ...stopAt(pattern) });
      expect(stopped.status).toBe('stopped');
      expect(stopped.checkpoint).toMatch(/checkpoints.*safetensors$/);
      const { output, text } = recorder(false);
      const ended = await resume(join(parent, run), { images, output });
      expect(text()).toMatch(/goes on from epoch \d, step \d/);
      expect(await weightsOf(run)).toEqual(await weightsOf('first'));
      expect(await json(run, 'metrics.json')).toEqual(await json('first', 'metrics.json'));
      expect(ended).toMatchObject({
        status: 'completed',
        knn: first.knn,
        linear: first.linear,
        purities: first.purities,
      });
    },
    60_000,
  );

  test('keeps no tensor', async () => {
    const before = tf.memory().numTensors;
    await train(tinyConfig({ training: { epochs: 3 } }), { folder: join(parent, 'leaks'), images });
    expect(tf.memory().numTensors).toBe(before);
  }, 60_000);

  test('needs neither held-out images nor classes', async () => {
    const { train: unlabelled } = images;
    const summary = await train(tinyConfig({ training: { epochs: 3 } }), {
      folder: join(parent, 'unlabelled'),
      images: { train: unlabelled },
    });
    expect(summary.knn).toEqual({ random: null, warmup: null, final: null });
    expect(summary.purity).toEqual(expect.any(Number));
  }, 60_000);

  test('refuses a configuration that does not fit the images, and makes no folder', async () => {
    const config = tinyConfig({ method: { granularities: [4, 81] } });
    const training = train(config, { folder: join(parent, 'impossible'), images });
    await expect(training).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      problems: [{ path: 'method.granularities.1' }],
    });
    expect(await readdir(parent)).not.toContain('impossible');
  });

  test('does not go on with a run that is going on', async () => {
    const before = await logOf('first');
    await withFolderLocked(join(parent, 'first'), 'run', async () => {
      const resumed = resume(join(parent, 'first'), { images });
      await expect(resumed).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
    });
    expect(await logOf('first')).toEqual(before);
  });

  test('stopped before it begins says so', async () => {
    const training = train(tinyConfig(), {
      folder: join(parent, 'early'),
      images,
      signal: AbortSignal.abort(),
    });
    await expect(training).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
