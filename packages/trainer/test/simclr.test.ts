import { beforeAll, expect, test } from '@jest/globals';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createSimclr, simclrSchema } from '@protocl/trainer';
import type { TrainingBatch } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { pairAccuracy } from '../src/methods/accuracy.js';
import { startFastest } from './engines.js';
import { uniform } from './formula.js';
import { average, crossEntropy, dot, readStep, scalar, unit, type Rows } from './naive.js';
import { stripes } from './stripes.js';

beforeAll(startFastest, 600_000);

const source = stripes({ size: 64, batchSize: 8 });

function newEncoder(seed = 1): Encoder {
  const head = { kind: 'linear', dimension: 8 } as const;
  return createEncoder({ architecture: 'resnet8', width: 4, head, seed });
}

async function firstBatch(): Promise<TrainingBatch> {
  for await (const batch of source.views(0, 0)) return batch;
  throw new Error('no batch');
}

/** For each of 2N views: the views of other images, and the one of its own. */
function naivePairs(views: Rows): { own: number; others: number[] }[] {
  const pairs = views.length / 2;
  return views.map((view, row) => {
    const partner = (row + pairs) % views.length;
    const others = views.filter((_, other) => other !== row && other !== partner);
    return { own: dot(view, views[partner]!), others: others.map((other) => dot(view, other)) };
  });
}

const naiveAccuracy = (views: Rows) =>
  average(naivePairs(views).map(({ own, others }) => (others.every((other) => other < own) ? 1 : 0)));

test('tells a view by its partner from all others, batch norm seeing all of them', async () => {
  const batch = await firstBatch();
  const before = tf.memory().numTensors;
  const twin = newEncoder();
  const features = tf.tidy(() => twin.forward(tf.concat([...batch.views]), { training: true }).arraySync());
  const statistics = [...twin.statistics['bn1.running_mean']!.dataSync()];
  twin.dispose();
  const views = features.map(unit);
  const expected = average(
    naivePairs(views).map(({ own, others }) =>
      crossEntropy(
        [own, ...others].map((similarity) => similarity / 0.4),
        0,
      ),
    ),
  );
  const encoder = newEncoder();
  const method = createSimclr({ encoder, temperature: 0.4 });
  expect(method.variables).toBe(encoder.variables);
  const kept = tf.memory().numTensors;
  const { loss, figures, gradients } = readStep(method.step(batch, { epoch: 0, step: 0, measured: true }));
  expect(tf.memory().numTensors).toBe(kept);
  expect(loss).toBeCloseTo(expected, 4);
  expect(figures).toEqual({ ntXent: loss, 'Acc@Inst': expect.closeTo(naiveAccuracy(views), 5) });
  expect(Object.keys(gradients)).toEqual(Object.keys(encoder.variables));
  encoder.statistics['bn1.running_mean']!.dataSync().forEach((value, channel) =>
    expect(value).toBeCloseTo(statistics[channel]!, 5),
  );
  expect(readStep(method.step(batch, { epoch: 0, step: 1, measured: false })).figures).toEqual({
    ntXent: expect.any(Number),
  });
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([...batch.views]);
});

test.each([1, 2, 5, 16])('pairAccuracy of %i pairs is that of a loop', (pairs) => {
  const values = uniform(`pairs ${pairs}`, pairs * 4);
  const noise = uniform(`noise ${pairs}`, pairs * 4);
  const rows = (valueAt: (at: number) => number) =>
    Array.from({ length: pairs }, (_, row) => unit([0, 1, 2, 3].map((column) => valueAt(4 * row + column))));
  const first = rows((at) => values[at]!);
  // Not so near that all are told.
  const second = rows((at) => values[at]! + 0.8 * noise[at]!);
  const before = tf.memory().numTensors;
  const [a, b] = [tf.tensor2d(first), tf.tensor2d(second)];
  const accuracy = pairAccuracy(a, b);
  expect(scalar(accuracy)).toBeCloseTo(naiveAccuracy([...first, ...second]), 5);
  if (pairs === 16) {
    expect(scalar(accuracy)).toBeGreaterThan(0.1);
    expect(scalar(accuracy)).toBeLessThan(0.9);
  }
  tf.dispose([a, b, accuracy]);
  expect(tf.memory().numTensors).toBe(before);
});

test('goes on from its state with the same bits', async () => {
  const batch = await firstBatch();
  const [encoder, otherEncoder] = [newEncoder(), newEncoder(99)];
  const [method, other] = [createSimclr({ encoder }), createSimclr({ encoder: otherEncoder })];
  method.fromState(await method.toState());
  readStep(method.step(batch, { epoch: 0, step: 0, measured: false }));
  const state = await method.toState();
  other.fromState(state);
  expect(await other.toState()).toEqual(state);
  const [expected, actual] = [method, other].map((each) =>
    readStep(each.step(batch, { epoch: 0, step: 1, measured: true })),
  );
  expect(actual).toEqual(expected);
  tf.dispose([...batch.views]);
  for (const each of [method, other, encoder, otherEncoder]) each.dispose();
});

test('has the temperature of the paper, and refuses what is none', () => {
  expect(simclrSchema.parse({})).toEqual({ temperature: 0.1 });
  const encoder = newEncoder();
  const create = (options: object) => () => createSimclr({ encoder, ...options });
  expect(create({ temperature: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(create({ temperature: 1, queue: 64 })).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
  encoder.dispose();
});
