import { beforeAll, expect, jest, test } from '@jest/globals';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { constant, createDeepCluster, createMoco, createSimclr, sgd, Trainer } from '@protocl/trainer';
import type { Method, TrainerOptions, TrainingEvent, TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';
import { nearestNeighbourAccuracy, stripes } from './stripes.js';
import { temporaryFolder } from './temporaryFolder.js';

jest.setTimeout(120_000);
beforeAll(startFastest, 600_000);

const stripesOfFour = stripes({ size: 256, batchSize: 32 });

const head = { kind: 'linear', dimension: 16 } as const;
const small = { architecture: 'resnet8', width: 8 } as const;
const newEncoder = (seed = 1) => createEncoder({ ...small, head, seed });
const withoutHead = (seed = 1) => createEncoder({ ...small, head: { kind: 'none' }, seed });

type Create = (encoder: Encoder, source: TrainingSource) => Method;
const moco: Create = (encoder, source) =>
  createMoco({ encoder, source, seed: 1, queue: 256, momentum: 0.97, batchNormSplits: 2 });
const simclr: Create = (encoder) => createSimclr({ encoder, temperature: 0.2 });
const deepCluster = (encoder: Encoder, source: TrainingSource, everyEpochs: number) =>
  createDeepCluster({
    encoder,
    source,
    seed: 1,
    clusters: 8,
    components: 16,
    everyEpochs,
    classifier: { learningRate: 0.5 },
    clustering: { redo: 2 },
  });

const training = (method: Method, source: TrainingSource): TrainerOptions => ({
  method,
  source,
  optimizer: sgd(),
  schedule: constant({ learningRate: 0.05 }),
  epochs: 6,
  readEvery: 4,
});

test.each<[string, Create]>([
  ['MoCo', moco],
  ['SimCLR', simclr],
])('%s learns what views have in common', async (_, create) => {
  const before = tf.memory().numTensors;
  const source = stripesOfFour;
  const encoder = newEncoder();
  const method = create(encoder, source);
  const accuracy = () =>
    nearestNeighbourAccuracy(source, (images) => encoder.features(images, { training: false }));
  const random = await accuracy();
  const events: TrainingEvent[] = [];
  const tensors: number[] = [];
  const onEvent = (event: TrainingEvent) => {
    events.push(event);
    if (event.type === 'epoch') tensors.push(tf.memory().numTensors);
  };
  await new Trainer({ ...training(method, source), onEvent }).run();
  expect(random).toBeLessThan(0.9);
  expect(await accuracy()).toBeGreaterThan(0.95);
  const losses = events.filter((event) => event.type === 'epoch').map(({ loss }) => loss);
  expect(losses).toHaveLength(6);
  // MoCo's rises first, until its queue holds keys.
  expect(losses.at(-1)).toBeLessThan(0.96 * Math.max(...losses));
  const shares = events.filter((event) => event.type === 'step').map(({ figures }) => figures['Acc@Inst']!);
  expect(shares.at(-1)).toBeGreaterThan(shares[0]!);
  expect(events.some(({ type }) => type === 'expectation')).toBe(false);
  expect(new Set(tensors).size).toBe(1);
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

/** The source, and the images that it was asked for. */
function watched(source: TrainingSource): TrainingSource & { readonly given: string[] } {
  const given: string[] = [];
  return {
    ...source,
    given,
    async *views(epoch, firstStep, order) {
      let step = firstStep;
      for await (const batch of source.views(epoch, firstStep, order)) {
        given.push(`${epoch}:${step++} ${batch.indices.join()}`);
        yield batch;
      }
    },
  };
}

const weightsOf = async (method: Method) => (await method.toState()).tensors;

test('DeepCluster learns its clusters, by as many images of each', async () => {
  const before = tf.memory().numTensors;
  const source = watched(stripesOfFour);
  const encoder = withoutHead();
  const method = deepCluster(encoder, source, 3);
  const events: TrainingEvent[] = [];
  await new Trainer({ ...training(method, source), onEvent: (event) => events.push(event) }).run();
  const losses = events.filter((event) => event.type === 'epoch').map(({ loss }) => loss);
  // Guessing has ln 8; each clustering is for three epochs.
  expect(losses[2]).toBeLessThan(losses[0]!);
  expect(losses[5]).toBeLessThan(losses[3]!);
  expect(losses[5]).toBeLessThan(0.8 * Math.log(8));
  const expectations = events.filter((event) => event.type === 'expectation');
  expect(expectations.map(({ epoch, step }) => `${epoch}:${step}`)).toEqual(['0:0', '3:0']);
  expect('NMI with the clusters before' in expectations[0]!.figures).toBe(false);
  expect(expectations[1]!.figures['NMI with the clusters before']).toBeGreaterThan(0.1);
  // Of the last epoch.
  const { assignments } = method.clusters!()[0]!;
  const drawn = source.given
    .filter((line) => line.startsWith('5:'))
    .flatMap((line) => line.split(' ')[1]!.split(',').map(Number));
  const times = Array.from({ length: 8 }, (_, k) => drawn.filter((image) => assignments[image] === k).length);
  expect(drawn).toHaveLength(256);
  expect(Math.max(...times)).toBeLessThanOrEqual(33);
  expect(Math.min(...times)).toBeGreaterThan(24);
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('DeepCluster, stopped within an epoch and resumed, has the same images and ends with the same bits', async () => {
  const run = async (options: Partial<TrainerOptions>, seed: number) => {
    const source = watched(stripes({ size: 96, batchSize: 16 }));
    const encoder = withoutHead(seed);
    const method = deepCluster(encoder, source, 1);
    const result = await new Trainer({
      ...training(method, source),
      epochs: 3,
      readEvery: 1,
      ...options,
    }).run();
    const weights = await weightsOf(method);
    method.dispose();
    encoder.dispose();
    return { ...result, weights, given: source.given };
  };
  const whole = await run({}, 1);
  const checkpoints = { folder: temporaryFolder() };
  const controller = new AbortController();
  const onEvent = (event: TrainingEvent) => {
    if (event.type === 'step' && event.epoch === 1 && event.step === 2) controller.abort();
  };
  const stopped = await run({ checkpoints, onEvent, signal: controller.signal }, 1);
  expect(stopped).toMatchObject({ status: 'stopped', epoch: 1, step: 2 });
  const resumed = await run({ checkpoints, resume: true }, 2);
  expect(resumed.status).toBe('completed');
  expect(resumed.given[0]).toMatch(/^1:2 /);
  expect([...stopped.given.slice(0, 8), ...resumed.given]).toEqual(whole.given);
  expect(resumed.weights).toEqual(whole.weights);
});
