import { beforeAll, describe, expect, test } from '@jest/globals';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createMoco, createPcl, mocoSchema } from '@protocl/trainer';
import type { Method, MocoOptions, PclOptions, TrainingBatch } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';
import { average, crossEntropy, dot, readStep, rowsOf, unit, type Rows } from './naive.js';
import { stripes } from './stripes.js';

beforeAll(startFastest, 600_000);

const source = stripes({ size: 64, batchSize: 8 });
const SHARED = { seed: 3, temperature: 0.3, queue: 24, momentum: 0.9, batchNormSplits: 1 };
const PROTOTYPES = { granularities: [4, 6], warmupEpochs: 1, expectation: { redo: 1 } };

function newEncoder(seed = 1): Encoder {
  const head = { kind: 'mlp', dimension: 8 } as const;
  return createEncoder({ architecture: 'resnet8', width: 4, head, seed });
}

async function withMethod(
  create: (encoder: Encoder) => Method,
  body: (method: Method, encoder: Encoder) => Promise<void>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const encoder = newEncoder();
  const method = create(encoder);
  await body(method, encoder);
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

const moco = (options: MocoOptions) => (encoder: Encoder) =>
  createMoco({ encoder, source, ...SHARED, ...options });
const pcl = (options: Partial<PclOptions>) => (encoder: Encoder) =>
  createPcl({ encoder, source, ...SHARED, ...PROTOTYPES, ...options });

async function firstBatch(): Promise<TrainingBatch> {
  for await (const batch of source.views(0, 0)) return batch;
  throw new Error('no batch');
}

/** Features of a view by an encoder of the same start: what the method has to compare. */
function features(view: tf.Tensor4D): Rows {
  const encoder = newEncoder();
  const rows = tf.tidy(() => encoder.forward(view, { training: true }).arraySync());
  encoder.dispose();
  return rows.map(unit);
}

function naiveInfoNCE(queries: Rows, keys: Rows, queue: Rows): number {
  const losses = queries.map((query, row) =>
    crossEntropy(
      [keys[row]!, ...queue].map((other) => dot(query, other) / SHARED.temperature),
      0,
    ),
  );
  return average(losses);
}

describe('MoCo', () => {
  test('tells an image by its other view from the queue', async () => {
    const batch = await firstBatch();
    const [first, second] = [features(batch.views[0]), features(batch.views[1])];
    await withMethod(moco({}), async (method) => {
      const queue = rowsOf(await method.toState(), 'queue/features');
      const before = tf.memory().numTensors;
      const { loss, figures } = readStep(method.step(batch, { epoch: 0, step: 0, measured: true }));
      expect(tf.memory().numTensors).toBe(before);
      const nearest = first.map((query, row) =>
        queue.every((negative) => dot(query, negative) < dot(query, second[row]!)) ? 1 : 0,
      );
      expect(loss).toBeCloseTo(naiveInfoNCE(first, second, queue), 4);
      expect(figures).toEqual({ infoNCE: loss, 'Acc@Inst': expect.closeTo(average(nearest), 5) });
      const pushed = rowsOf(await method.toState(), 'queue/features');
      second.forEach((key, row) => key.forEach((value, i) => expect(pushed[row]![i]).toBeCloseTo(value, 4)));
      expect(pushed.slice(second.length)).toEqual(queue.slice(second.length));
    });
    tf.dispose([...batch.views]);
  });

  test('is the mean of both directions where it is symmetric', async () => {
    const batch = await firstBatch();
    const [first, second] = batch.views;
    const stepOf = async (symmetric: boolean, views: TrainingBatch['views']) => {
      let step: ReturnType<typeof readStep> | undefined;
      await withMethod(moco({ symmetric }), async (method) => {
        step = readStep(method.step({ ...batch, views }, { epoch: 0, step: 0, measured: true }));
        const pushed = rowsOf(await method.toState(), 'queue/features');
        const keys = symmetric ? [...features(second), ...features(first)] : features(views[1]);
        keys.forEach((key, row) => key.forEach((value, i) => expect(pushed[row]![i]).toBeCloseTo(value, 4)));
      });
      return step!;
    };
    const there = await stepOf(false, [first, second]);
    const back = await stepOf(false, [second, first]);
    const both = await stepOf(true, [first, second]);
    expect(both.loss).toBeCloseTo((there.loss + back.loss) / 2, 5);
    expect(Math.abs(there.loss - back.loss)).toBeGreaterThan(1e-3);
    expect(both.figures['Acc@Inst']).toBeCloseTo(
      (there.figures['Acc@Inst']! + back.figures['Acc@Inst']!) / 2,
      5,
    );
    for (const [name, gradient] of Object.entries(both.gradients)) {
      const error = gradient.map(
        (value, i) => value - (there.gradients[name]![i]! + back.gradients[name]![i]!) / 2,
      );
      expect(Math.hypot(...error)).toBeLessThan(1e-4 * Math.hypot(...gradient));
    }
    tf.dispose([...batch.views]);
  });

  test('goes on from its state with the same bits', async () => {
    const batch = await firstBatch();
    await withMethod(moco({ batchNormSplits: 2 }), async (method) => {
      method.fromState(await method.toState());
      readStep(method.step(batch, { epoch: 0, step: 0, measured: false }));
      method.afterUpdate!();
      const state = await method.toState();
      const expected = readStep(method.step(batch, { epoch: 0, step: 1, measured: true }));
      const encoder = newEncoder(99);
      const other = createMoco({ encoder, source, ...SHARED, batchNormSplits: 2 });
      other.fromState(state);
      expect(await other.toState()).toEqual(state);
      expect(readStep(other.step(batch, { epoch: 0, step: 1, measured: true }))).toEqual(expected);
      expect(await other.toState()).toEqual(await method.toState());
      other.dispose();
      encoder.dispose();
    });
    tf.dispose([...batch.views]);
  });

  test.each<[string, MocoOptions, string, string?]>([
    ['a queue that the batch does not divide', { queue: 20 }, 'queue'],
    ['splits that do not divide the batch', { batchNormSplits: 3 }, 'batchNormSplits'],
    ['options of PCL', { granularities: [4] } as MocoOptions, 'granularities', 'UNKNOWN_OPTION'],
  ])('refuses %s', (_, options, path, code = 'INVALID_OPTION') => {
    const before = tf.memory().numTensors;
    const encoder = newEncoder();
    const create = () => moco(options)(encoder);
    expect(create).toThrow(expect.objectContaining({ code }));
    expect(create).toThrow(path);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('has the defaults of version 2', () => {
    expect(mocoSchema.parse({})).toEqual({
      seed: 0,
      temperature: 0.2,
      queue: 65_536,
      momentum: 0.999,
      symmetric: false,
      batchNormSplits: 8,
    });
  });
});

describe('PCL', () => {
  test('without the prototype term is MoCo, in the warm-up and after', async () => {
    const batch = await firstBatch();
    const losses: Record<string, number[]> = { moco: [], pcl: [] };
    for (const create of [moco({}), pcl({ prototypeWeight: 0 })]) {
      await withMethod(create, async (method) => {
        for (const epoch of [0, 1]) {
          await method.beforeUpdate?.({ epoch, step: 0, source, log: () => undefined });
          const { loss } = readStep(method.step(batch, { epoch, step: 0, measured: false }));
          losses[method.name]!.push(loss);
        }
      });
    }
    expect(losses['moco']).toHaveLength(2);
    expect(losses['pcl']).toEqual(losses['moco']);
    tf.dispose([...batch.views]);
  });

  test('without the instance term is the prototype term, but for the warm-up', async () => {
    const batch = await firstBatch();
    await withMethod(pcl({ instanceWeight: 0 }), async (method) => {
      const warm = readStep(method.step(batch, { epoch: 0, step: 0, measured: false }));
      expect(warm.loss).toBe(warm.figures['infoNCE']);
      expect(warm.loss).toBeGreaterThan(0);
      await method.beforeUpdate!({ epoch: 1, step: 0, source, log: () => undefined });
      const { loss, figures } = readStep(method.step(batch, { epoch: 1, step: 0, measured: false }));
      expect(loss).toBeCloseTo(figures['prototypeNCE']!, 6);
      expect(figures['infoNCE']).toBeGreaterThan(0);
    });
    tf.dispose([...batch.views]);
  });

  test.each([1, 0.25])('weighs the instance term (%p)', async (instanceWeight) => {
    const batch = await firstBatch();
    await withMethod(pcl({ instanceWeight, prototypeWeight: 0.5 }), async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source, log: () => undefined });
      const { loss, figures } = readStep(method.step(batch, { epoch: 1, step: 0, measured: false }));
      const expected = instanceWeight * figures['infoNCE']! + 0.5 * figures['prototypeNCE']!;
      expect(loss).toBeCloseTo(expected, 5);
    });
    tf.dispose([...batch.views]);
  });

  test('can have one temperature in the place of concentrations', async () => {
    const concentrations: number[][] = [];
    for (const concentration of ['fixed', 'estimated'] as const) {
      await withMethod(pcl({ expectation: { redo: 1, concentration } }), async (method) => {
        const figures = await method.beforeUpdate!({ epoch: 1, step: 0, source, log: () => undefined });
        const { tensors } = await method.toState();
        concentrations.push([0, 1].flatMap((m) => [...tensors[`prototypes/${m}/concentration`]!.data]));
        expect(figures!['concentration@6']).toBeCloseTo(0.3, 5);
      });
    }
    const [fixed, estimated] = concentrations;
    expect(fixed).toEqual(Array.from({ length: 10 }, () => Math.fround(0.3)));
    expect(new Set(estimated).size).toBeGreaterThan(2);
  });

  test('without any term is refused', () => {
    const encoder = newEncoder();
    const create = () => pcl({ instanceWeight: 0, prototypeWeight: 0 })(encoder);
    expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(create).toThrow('nothing would be learned after the warm-up');
    encoder.dispose();
  });
});
