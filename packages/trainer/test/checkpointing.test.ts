import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, expect, test } from '@jest/globals';
import { adamW, cosine, loadCheckpoint, Trainer } from '@protocl/trainer';
import type { CheckpointsOptions, TrainerOptions, TrainingEvent } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';
import { temporaryFolder } from './temporaryFolder.js';
import { ToyMethod, toySource } from './toy.js';

beforeAll(startFastest, 600_000);

interface Setting extends Partial<TrainerOptions> {
  readonly folder: string;
  readonly policy?: Partial<CheckpointsOptions>;
}

async function train({ folder, policy, ...options }: Setting, method = new ToyMethod()) {
  const events: TrainingEvent[] = [];
  const trainer = new Trainer({
    method,
    source: toySource(),
    optimizer: adamW(),
    schedule: cosine({ learningRate: 0.05, warmupEpochs: 1 }),
    epochs: 3,
    readEvery: 5,
    checkpoints: { folder, ...policy },
    onEvent: (event) => events.push(event),
    ...options,
  });
  const result = await trainer.run();
  const weights = method.weights();
  method.dispose();
  return { result, events, weights };
}

/** Aborts at a step, the given one counted over all epochs. */
function stopAfter(count: number) {
  const controller = new AbortController();
  let steps = 0;
  const method = new ToyMethod({
    onStep: () => {
      steps += 1;
      if (steps === count) controller.abort();
    },
  });
  return { method, signal: controller.signal };
}

test('a run that is stopped anywhere and resumed ends with the same bits', async () => {
  const uninterrupted = await train({ folder: temporaryFolder(), accumulate: 2 });
  expect(uninterrupted.result).toMatchObject({ status: 'completed', epoch: 3 });
  for (const at of [1, 2, 7, 12, 13, 24, 35, 36]) {
    const folder = temporaryFolder();
    const { method, signal } = stopAfter(at);
    const before = tf.memory().numTensors;
    const stopped = await train({ folder, accumulate: 2, signal }, method);
    // A step within an accumulation waits for the update.
    const done = at + (at % 2);
    if (done < 36) {
      expect(stopped.result).toMatchObject({
        status: 'stopped',
        epoch: Math.floor(done / 12),
        step: done % 12,
      });
      expect(stopped.events.at(-1)).toMatchObject({ type: 'end', status: 'stopped' });
      const checkpoint = await loadCheckpoint(stopped.result.checkpoint!);
      expect(checkpoint).toMatchObject({ epoch: Math.floor(done / 12), step: done % 12, method: 'toy' });
    }
    const source = toySource();
    const resumed = await train({ folder, accumulate: 2, resume: true, source });
    expect(resumed.result.status).toBe('completed');
    expect(resumed.weights).toEqual(uninterrupted.weights);
    expect(resumed.events[0]).toMatchObject({ type: 'start', resumedFrom: stopped.result.checkpoint });
    if (done < 36) expect(source.asked[0]).toBe(`${Math.floor(done / 12)}:${done % 12}`);
    // The method of the stopped run was made before the count.
    expect(tf.memory().numTensors).toBe(before - 3);
  }
});

test('a stop within an E-step leaves the state as it was before it', async () => {
  const folder = temporaryFolder();
  const controller = new AbortController();
  const method = new ToyMethod({
    onUpdate: ({ epoch, step, signal }) => {
      if (epoch !== 1 || step !== 0) return;
      controller.abort();
      signal!.throwIfAborted();
    },
  });
  const stopped = await train({ folder, signal: controller.signal }, method);
  expect(stopped.result).toMatchObject({ status: 'stopped', epoch: 1, step: 0 });
  expect(stopped.events.filter(({ type }) => type === 'checkpoint')).toHaveLength(1);
  const resumed = await train({ folder, resume: true });
  expect(resumed.weights).toEqual((await train({ folder: temporaryFolder() })).weights);
});

test('a timer may stop a run whose batches never wait', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const epochs = 10_000;
  const { result } = await train({ folder: temporaryFolder(), signal: controller.signal, epochs });
  expect(result.status).toBe('stopped');
  expect(result.epoch).toBeLessThan(epochs);
});

test('an error in an E-step is not taken for a stop', async () => {
  const method = new ToyMethod({
    onUpdate: () => {
      throw new Error('k-means failed');
    },
  });
  await expect(train({ folder: temporaryFolder() }, method)).rejects.toThrow('k-means failed');
});

test('checkpoints are kept by policy', async () => {
  const folder = temporaryFolder();
  const accuracies = [0.1, 0.4, 0.6, 0.5, 0.55, Number.NaN, 0.2];
  const evaluation = { everyEpochs: 1, run: async (epoch: number) => ({ knn: accuracies[epoch]! }) };
  const policy = { keepLast: 1, keepEveryEpochs: 4, everySteps: 5, best: { metric: 'knn' } };
  const { events, result } = await train({ folder, policy, evaluation, epochs: 6 });
  expect(readdirSync(folder).sort()).toEqual([
    'epoch-0002.safetensors',
    'epoch-0004.safetensors',
    'epoch-0006.safetensors',
  ]);
  const written = events.filter((event) => event.type === 'checkpoint');
  expect(written.slice(0, 4).map(({ epoch, step }) => [epoch, step])).toEqual([
    [0, 5],
    [0, 10],
    [1, 0],
    [1, 5],
  ]);
  expect(written.filter(({ best }) => best).map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(result.best).toEqual({ metric: 'knn', value: 0.6, file: 'epoch-0002.safetensors' });
});

test('the best metric survives a resume', async () => {
  const folder = temporaryFolder();
  const policy = { everyEpochs: 5, keepLast: 1, best: { metric: 'loss', mode: 'min' } } as const;
  const evaluation = { everyEpochs: 1, run: async (epoch: number) => ({ loss: [9, 3, 4, 5][epoch]! }) };
  const { method, signal } = stopAfter(20);
  await train({ folder, policy, evaluation, signal }, method);
  const { result } = await train({ folder, policy, evaluation, resume: true });
  expect(result.best).toEqual({ metric: 'loss', value: 3, file: 'epoch-0001.safetensors' });
  expect(readdirSync(folder).sort()).toEqual(['epoch-0001.safetensors', 'epoch-0003.safetensors']);
});

test('a metric that is not there is named', async () => {
  const evaluation = { everyEpochs: 1, run: async () => ({ linear: 1 }) };
  const policy = { best: { metric: 'knn' } };
  await expect(train({ folder: temporaryFolder(), policy, evaluation })).rejects.toMatchObject({
    code: 'METRIC_MISSING',
    given: 'linear',
    expected: 'knn',
  });
});

test('no checkpoint is written after a bad loss, not even when asked to stop', async () => {
  const folder = temporaryFolder();
  const controller = new AbortController();
  const method = new ToyMethod({
    poison: ({ epoch, step }) => epoch === 1 && step === 6,
    onStep: ({ epoch, step }) => {
      if (epoch === 1 && step === 7) controller.abort();
    },
  });
  const running = train({ folder, signal: controller.signal, readEvery: 100 }, method);
  await expect(running).rejects.toMatchObject({ code: 'LOSS_NOT_FINITE' });
  const poisoned = new ToyMethod({ poison: ({ epoch, step }) => epoch === 1 && step === 6 });
  const withinEpoch = train({ folder, resume: true, policy: { everySteps: 4 } }, poisoned);
  await expect(withinEpoch).rejects.toMatchObject({ code: 'LOSS_NOT_FINITE' });
  expect(readdirSync(folder).sort()).toEqual([
    'epoch-0001-step-000004.safetensors',
    'epoch-0001.safetensors',
  ]);
  const resumed = await train({ folder, resume: true });
  expect(resumed.weights).toEqual((await train({ folder: temporaryFolder() })).weights);
});

test('weights that a good loss has broken are not written', async () => {
  const folder = temporaryFolder();
  const method = new ToyMethod({
    onUpdate: ({ epoch, step }) => {
      if (epoch === 1 && step === 11) tf.tidy(() => method.average.assign(tf.fill([4, 4], Infinity)));
    },
  });
  await expect(train({ folder }, method)).rejects.toMatchObject({
    code: 'STATE_NOT_FINITE',
    given: Infinity,
  });
  expect(readdirSync(folder)).toEqual(['epoch-0001.safetensors']);
});

test('resuming falls back to the newest checkpoint that is whole, with the same end', async () => {
  const folder = temporaryFolder();
  const policy = { keepLast: 4, everySteps: 5 };
  const { method, signal } = stopAfter(21);
  await train({ folder, policy, signal }, method);
  const [oldest, flipped, foreign, cut] = readdirSync(folder)
    .sort((a, b) => (a.slice(0, 10) === b.slice(0, 10) ? b.length - a.length : a < b ? -1 : 1))
    .sort((a, b) => order(a) - order(b))
    .map((name) => join(folder, name)) as [string, string, string, string];
  truncateSync(cut, readFileSync(cut).length - 1);
  writeFileSync(foreign, Buffer.alloc(5000, 'x'));
  const bytes = readFileSync(flipped);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(flipped, bytes);
  writeFileSync(join(folder, '.epoch-0003.safetensors.1-abc.tmp'), 'half a file');
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const { events, weights } = await train({ folder, policy, resume: true });
  const rejected = events.filter((event) => event.type === 'checkpointRejected');
  expect(rejected.map(({ path, error }) => [path, error.code])).toEqual([
    [cut, 'CHECKPOINT_DAMAGED'],
    [foreign, 'CHECKPOINT_FOREIGN'],
    [flipped, 'CHECKPOINT_DAMAGED'],
  ]);
  expect(events.find(({ type }) => type === 'start')).toMatchObject({ resumedFrom: oldest });
  expect(weights).toEqual((await train({ folder: temporaryFolder() })).weights);
  const left = readdirSync(folder);
  expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  expect(left).toContain('notes.txt');
});

const order = (name: string): number => {
  const [, epoch, , step = '0'] = name.split(/[-.]/);
  return 1000 * Number(epoch) + (Number(step) || 0);
};

test('checkpoints of which none can be used, and another run’s, are refused', async () => {
  const folder = temporaryFolder();
  await train({ folder, epochs: 2 });
  await expect(train({ folder })).rejects.toMatchObject({ code: 'CHECKPOINT_FOLDER_IN_USE' });
  const method = Object.assign(new ToyMethod(), { name: 'other' });
  await expect(train({ folder, resume: true }, method)).rejects.toMatchObject({
    code: 'CHECKPOINT_MISMATCH',
  });
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '');
  await expect(train({ folder, resume: true })).rejects.toMatchObject({ code: 'CHECKPOINT_NONE_USABLE' });
});

test('resuming where there is nothing begins anew, and a finished run is done at once', async () => {
  const folder = join(temporaryFolder(), 'not', 'there');
  const first = await train({ folder, resume: true });
  expect(first.events[0]).not.toHaveProperty('resumedFrom');
  const source = toySource();
  const again = await train({ folder, resume: true, source });
  expect(again.result).toMatchObject({ status: 'completed', epoch: 3, checkpoint: first.result.checkpoint });
  expect(source.asked).toEqual([]);
  expect(again.weights).toEqual(first.weights);
});
