import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { evaluate, loadData, runCommandLine, train, type RunData } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { judgeEncoder } from '../../src/evaluation/judgeEncoder.js';
import { openCheckpoint, type OpenedCheckpoint } from '../../src/run/openCheckpoint.js';
import { writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

jest.setTimeout(120_000);

const images = { train: syntheticImages(120, 1), test: syntheticImages(60, 2) };
const evaluation = {
  linearProtocol: { epochs: 5, batchSize: 32 },
  semiSupervised: { shares: [0.1, 0.5], epochs: 10, batchSize: 16 },
};
const changes = [{ origin: 'test', values: { evaluation } }];

let parent: string;
let run: string;
let opened: OpenedCheckpoint;
let tensorsBefore: number;
beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
  parent = await mkdtemp(join(tmpdir(), 'protocl-judge-'));
  run = join(parent, 'run');
  await train(tinyConfig({ training: { epochs: 1 }, method: { warmupEpochs: 1 } }), { folder: run, images });
  opened = await openCheckpoint(run, { changes });
});
afterAll(async () => {
  opened.encoder.dispose();
  await rm(parent, { recursive: true });
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

async function loaded(): Promise<RunData & { readonly test: NonNullable<RunData['test']> }> {
  const { test: held, ...data } = await loadData(opened.config, { images });
  return { ...data, test: held! };
}

test('trains on shares of the labels and on all of them, and leaves the encoder as it is', async () => {
  const before = await opened.encoder.toState();
  const lines: string[] = [];
  const { evaluations: found } = await judgeEncoder(opened, await loaded(), {
    evaluators: ['semiSupervised', 'linearProtocol'],
    log: (line) => lines.push(line),
  });
  expect(await opened.encoder.toState()).toEqual(before);
  // Guessing gets 0.25; the classes are colours.
  expect(found.linearProtocol!.scores['top1']).toBeGreaterThan(0.8);
  expect(found.linearProtocol!.settings).toMatchObject({ epochs: 5, learningRate: 5, milestones: [3, 4] });
  const { scores, settings } = found.semiSupervised!;
  expect(scores['top1@50%']).toBeGreaterThan(0.8);
  expect(settings).toMatchObject({ 'images@10%': 12, 'images@50%': 60, 'milestones@10%': [6, 8] });
  expect(lines.filter((line) => line.startsWith('linear protocol: epoch'))).toHaveLength(5);
  expect(lines.filter((line) => line.startsWith('10% of the labels: epoch'))).toHaveLength(10);
});

test('gives the same scores again, and others for other shares', async () => {
  const options = { evaluators: ['semiSupervised'], shares: [0.25] } as const;
  const first = await judgeEncoder(opened, await loaded(), options);
  expect(await judgeEncoder(opened, await loaded(), options)).toEqual(first);
  expect(Object.keys(first.evaluations.semiSupervised!.scores)).toEqual(['top1@25%', 'loss@25%']);
});

test('evaluate runs them beside the evaluators of features', async () => {
  const options = { images, changes, shares: [0.5] };
  const { evaluations, knn, epoch } = await evaluate(run, {
    ...options,
    evaluators: ['semiSupervised', 'knn'],
  });
  expect(Object.keys(evaluations)).toEqual(['knn', 'semiSupervised']);
  expect(knn).toBeGreaterThan(0.5);
  expect(epoch).toBe(1);
  const alone = await evaluate(run, { ...options, evaluators: ['semiSupervised'] });
  expect(alone.evaluations).toEqual({ semiSupervised: evaluations.semiSupervised });
  expect(alone).not.toHaveProperty('knn');
});

test('a share that leaves a class without images leaves the other evaluators alone', async () => {
  const options = { images, changes, evaluators: ['knn', 'linearProtocol', 'semiSupervised'] } as const;
  const { evaluations, failures } = await evaluate(run, { ...options, shares: [0.001] });
  expect(Object.keys(evaluations)).toEqual(['knn', 'linearProtocol']);
  expect(failures).toMatchObject({ semiSupervised: { code: 'TOO_FEW_SAMPLES' } });
});

test('an abort ends all of them', async () => {
  const stop = new AbortController();
  const judged = judgeEncoder(opened, await loaded(), {
    evaluators: ['linearProtocol', 'semiSupervised'],
    signal: stop.signal,
    log: () => stop.abort(new Error('stopped')),
  });
  await expect(judged).rejects.toThrow('stopped');
});

test('images with several classes, and features from a file, are refused', async () => {
  const data = await loaded();
  const several = { ...data, labels: undefined };
  expect(await judgeEncoder(opened, several, { evaluators: ['linearProtocol'] })).toMatchObject({
    evaluations: {},
    failures: { linearProtocol: { code: 'INVALID_OPTION' } },
  });
  await expect(evaluate('features.npy', { evaluators: ['semiSupervised'] })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    remedy: expect.stringContaining('checkpoint'),
  });
});

test('protocl evaluate --semi-supervised works on folders of images', async () => {
  await writeImageFolder(join(parent, 'train'), images.train);
  await writeImageFolder(join(parent, 'test'), images.test);
  const data = { kind: 'folder', train: join(parent, 'train'), test: join(parent, 'test'), workers: 1 };
  const ofFolders = join(parent, 'folders');
  await train(tinyConfig({ data, training: { epochs: 1 }, method: { warmupEpochs: 1 } }), {
    folder: ofFolders,
  });
  const lines: string[] = [];
  const { output, text } = recorder(false);
  const epochs = '--set=evaluation.semiSupervised.epochs=3';
  const code = await runCommandLine(['evaluate', ofFolders, '--semi-supervised', '10,50%', epochs], {
    print: (line) => lines.push(line),
    output,
  });
  expect([code, text()]).toEqual([0, expect.stringMatching(/^50% of the labels: epoch 3 of 3, loss/m)]);
  const table = lines.join('\n');
  expect(table).toMatch(/^semi-supervised top1 \(10%\) +[\d.]+%$/m);
  expect(table).toMatch(/^semi-supervised loss \(50%\) +[\d.]+$/m);
  const refused = await runCommandLine(['evaluate', ofFolders, '--semi-supervised', '0'], {
    print: () => undefined,
    output: recorder(false).output,
  });
  expect(refused).not.toBe(0);
});
