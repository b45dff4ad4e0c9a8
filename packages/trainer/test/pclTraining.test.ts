import { beforeAll, expect, test } from '@jest/globals';
import { createEncoder, loadEncoder } from '@protocl/encoders';
import { cosine, createPcl, sgd, Trainer } from '@protocl/trainer';
import type { TrainingEvent } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';
import { nearestNeighbourAccuracy, stripes } from './stripes.js';
import { temporaryFolder } from './temporaryFolder.js';

beforeAll(startFastest, 600_000);

const WARMUP_EPOCHS = 4;
const EPOCHS = 10;

test('PCL learns what views have in common, and uses prototypes after the warm-up', async () => {
  const folder = temporaryFolder();
  const before = tf.memory().numTensors;
  const source = stripes({ size: 256, batchSize: 32 });
  const head = { kind: 'mlp', dimension: 16 } as const;
  const encoder = createEncoder({ architecture: 'resnet8', width: 8, head, seed: 1 });
  const method = createPcl({
    encoder,
    source,
    seed: 1,
    queue: 256,
    momentum: 0.97,
    granularities: [4, 8],
    warmupEpochs: WARMUP_EPOCHS,
    batchNormSplits: 2,
    expectation: { redo: 2 },
  });
  const accuracy = () =>
    nearestNeighbourAccuracy(source, (images) => encoder.features(images, { training: false }));
  const random = await accuracy();
  const events: TrainingEvent[] = [];
  const tensors: number[] = [];
  const trainer = new Trainer({
    method,
    source,
    optimizer: sgd(),
    schedule: cosine({ learningRate: 0.03, warmupEpochs: 1 }),
    epochs: EPOCHS,
    readEvery: 4,
    checkpoints: { folder, everyEpochs: EPOCHS },
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'epoch') tensors.push(tf.memory().numTensors);
    },
  });
  const { checkpoint } = await trainer.run();
  expect(random).toBeLessThan(0.9);
  expect(await accuracy()).toBeGreaterThan(0.97);

  // Prototypes: two tensors for each granularity are all that comes, once.
  const expected = tensors.map((_, epoch) => tensors[0]! + (epoch < WARMUP_EPOCHS ? 0 : 4));
  expect(tensors).toEqual(expected);
  const steps = events.filter((event) => event.type === 'step');
  for (const { figures, loss } of steps) {
    expect(loss).toBeCloseTo(figures['infoNCE']! + (figures['prototypeNCE'] ?? 0), 4);
  }
  const isWarmup = (index: number) => index < WARMUP_EPOCHS * 2;
  expect(steps.map(({ figures }) => 'prototypeNCE' in figures)).toEqual(steps.map((_, i) => !isWarmup(i)));
  expect(steps.filter((_, i) => isWarmup(i)).every(({ figures }) => figures['Acc@Proto'] === 0)).toBe(true);
  expect(steps.at(-1)!.figures['Acc@Proto']).toBeGreaterThan(0.35);
  const [firstTerm, lastTerm] = [WARMUP_EPOCHS * 2, -1].map((i) => steps.at(i)!.figures['prototypeNCE']!);
  expect(lastTerm).toBeLessThan(0.8 * firstTerm!);
  const expectations = events.filter((event) => event.type === 'expectation');
  expect(expectations.map(({ epoch }) => epoch)).toEqual([4, 5, 6, 7, 8, 9]);
  for (const { figures } of expectations) {
    // The mean concentration is the temperature.
    expect(figures['concentration@4']).toBeCloseTo(0.2, 5);
    expect(figures['median@8']).toBeLessThanOrEqual(figures['largest@8']!);
    expect(figures['smallest@8']).toBeLessThanOrEqual(figures['median@8']!);
    expect(figures['objective@8']).toBeLessThanOrEqual(figures['objective@4']!);
  }
  // Evaluations can take the encoder out of the checkpoint.
  const loaded = createEncoder({ architecture: 'resnet8', width: 8, head, seed: 9 });
  await loadEncoder(loaded, checkpoint!, { prefix: 'method/encoder/' });
  const all = { ...encoder.variables, ...encoder.statistics };
  for (const [name, variable] of Object.entries({ ...loaded.variables, ...loaded.statistics })) {
    expect([...variable.dataSync()]).toEqual([...all[name]!.dataSync()]);
  }
  loaded.dispose();
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
