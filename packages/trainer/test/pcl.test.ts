import { beforeAll, describe, expect, test } from '@jest/globals';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createPcl } from '@protocl/trainer';
import type { CreatePclOptions, Method, PclOptions, State, TrainingBatch } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';
import { stripes } from './stripes.js';

beforeAll(startFastest, 600_000);

const DIMENSION = 8;
const TEMPERATURE = 0.3;
const source = stripes({ size: 64, batchSize: 8 });

const OPTIONS = {
  source,
  seed: 3,
  temperature: TEMPERATURE,
  queue: 24,
  momentum: 0.9,
  granularities: [4, 6],
  warmupEpochs: 1,
  batchNormSplits: 1,
} satisfies Partial<CreatePclOptions>;

function newEncoder(seed = 1): Encoder {
  const head = { kind: 'linear', dimension: DIMENSION } as const;
  return createEncoder({ architecture: 'resnet8', width: 4, head, seed });
}

async function withPcl(
  options: Partial<PclOptions>,
  body: (method: Method, encoder: Encoder) => Promise<void>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const encoder = newEncoder();
  const method = createPcl({ encoder, ...OPTIONS, ...options });
  await body(method, encoder);
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

async function firstBatch(): Promise<TrainingBatch> {
  for await (const batch of source.views(0, 0)) return batch;
  throw new Error('no batch');
}

type Rows = number[][];
const rowsOf = (state: State, name: string): Rows => {
  const { data, shape } = state.tensors[name]!;
  return Array.from({ length: shape[0]! }, (_, row) => [
    ...data.slice(row * shape[1]!, (row + 1) * shape[1]!),
  ]);
};
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Features of a view by an encoder of the same start: what the method has to compare. */
function features(view: tf.Tensor4D): Rows {
  const encoder = newEncoder();
  const rows = tf.tidy(() => encoder.forward(view, { training: true }).arraySync());
  encoder.dispose();
  return rows.map((row) => row.map((value) => value / Math.hypot(...row)));
}

/** -log softmax, written out. */
function crossEntropy(logits: readonly number[], own: number): number {
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[own]!;
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function naiveInfoNCE(queries: Rows, keys: Rows, queue: Rows): number {
  return average(
    queries.map((query, row) =>
      crossEntropy(
        [keys[row]!, ...queue].map((other) => dot(query, other) / TEMPERATURE),
        0,
      ),
    ),
  );
}

function naivePrototypes(queries: Rows, indices: Int32Array, state: State, granularity: number): number {
  const centroids = rowsOf(state, `prototypes/${granularity}/centroids`);
  const concentration = state.tensors[`prototypes/${granularity}/concentration`]!.data;
  const assignments = state.tensors[`prototypes/${granularity}/assignments`]!.data;
  return average(
    queries.map((query, row) => {
      const logits = centroids.map((centroid, k) => dot(query, centroid) / concentration[k]!);
      return crossEntropy(logits, assignments[indices[row]!]!);
    }),
  );
}

const scalar = (tensor: tf.Scalar | undefined) => tensor!.dataSync()[0]!;

describe('a step', () => {
  test.each([false, true])(
    'of the warm-up is InfoNCE against the queue (symmetric: %s)',
    async (symmetric) => {
      const batch = await firstBatch();
      const [first, second] = [features(batch.views[0]), features(batch.views[1])];
      await withPcl({ symmetric }, async (method) => {
        const queue = rowsOf(await method.toState(), 'queue/features');
        const before = tf.memory().numTensors;
        const result = method.step(batch, { epoch: 0, step: 0, measured: true });
        const terms = [naiveInfoNCE(first, second, queue)];
        if (symmetric) terms.push(naiveInfoNCE(second, first, queue));
        expect(scalar(result.loss)).toBeCloseTo(average(terms), 4);
        expect(Object.keys(result.figures).sort()).toEqual(['Acc@Inst', 'Acc@Proto', 'infoNCE']);
        expect(scalar(result.figures['Acc@Proto'])).toBe(0);
        const isNearest = first.map((query, row) =>
          queue.every((negative) => dot(query, negative) < dot(query, second[row]!)) ? 1 : 0,
        );
        if (!symmetric) expect(scalar(result.figures['Acc@Inst'])).toBeCloseTo(average(isNearest), 5);
        // The keys are in the queue now, in the order of the views.
        const pushed = rowsOf(await method.toState(), 'queue/features');
        const keys = symmetric ? [...second, ...first] : second;
        pushed
          .slice(0, keys.length)
          .forEach((row, at) => row.forEach((value, i) => expect(value).toBeCloseTo(keys[at]![i]!, 4)));
        expect(pushed.slice(keys.length)).toEqual(queue.slice(keys.length));
        tf.dispose([result.loss, result.gradients, result.figures]);
        expect(tf.memory().numTensors).toBe(before);
      });
      tf.dispose([...batch.views]);
    },
  );

  test('without weight for the prototypes is InfoNCE to the end, and there is no E-step', async () => {
    const batch = await firstBatch();
    const [first, second] = [features(batch.views[0]), features(batch.views[1])];
    await withPcl({ prototypeWeight: 0 }, async (method) => {
      expect(await method.beforeUpdate!({ epoch: 1, step: 0, source })).toBeUndefined();
      const instance = naiveInfoNCE(first, second, rowsOf(await method.toState(), 'queue/features'));
      const result = method.step(batch, { epoch: 1, step: 0, measured: false });
      expect(scalar(result.loss)).toBeCloseTo(instance, 4);
      expect(Object.keys(result.figures)).toEqual(['infoNCE']);
      tf.dispose([result.loss, result.gradients, result.figures]);
    });
    tf.dispose([...batch.views]);
  });

  test('after the warm-up is ProtoNCE with the prototypes of the E-step', async () => {
    const batch = await firstBatch();
    const [first, second] = [features(batch.views[0]), features(batch.views[1])];
    await withPcl({ prototypeWeight: 0.5 }, async (method) => {
      const expectation = await method.beforeUpdate!({ epoch: 1, step: 0, source });
      const state = await method.toState();
      const result = method.step(batch, { epoch: 1, step: 0, measured: true });
      const instance = naiveInfoNCE(first, second, rowsOf(state, 'queue/features'));
      const prototype = average([0, 1].map((m) => naivePrototypes(first, batch.indices, state, m)));
      expect(scalar(result.figures['infoNCE'])).toBeCloseTo(instance, 4);
      expect(scalar(result.figures['prototypeNCE'])).toBeCloseTo(prototype, 4);
      expect(scalar(result.loss)).toBeCloseTo(instance + 0.5 * prototype, 4);
      const sizes = [4, 6].map((k, m) =>
        Array.from(
          { length: k },
          (_, c) => state.tensors[`prototypes/${m}/assignments`]!.data.filter((a) => a === c).length,
        ),
      );
      expect(expectation).toMatchObject({
        'smallest@4': Math.min(...sizes[0]!),
        'largest@6': Math.max(...sizes[1]!),
      });
      tf.dispose([result.loss, result.gradients, result.figures]);
    });
    tf.dispose([...batch.views]);
  });

  test('draws its negative prototypes anew each step, and the same for the same step', async () => {
    const batch = await firstBatch();
    const expectation = { minPointsPerCentroid: 1 };
    const options = { granularities: [40], prototypeNegatives: 5, expectation };
    const losses: number[] = [];
    await withPcl(options, async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      for (const step of [0, 1, 0]) {
        const result = method.step(batch, { epoch: 1, step, measured: false });
        losses.push(scalar(result.figures['prototypeNCE']));
        tf.dispose([result.loss, result.gradients, result.figures]);
      }
    });
    expect(losses[0]).toBeCloseTo(losses[2]!, 5);
    expect(Math.abs(losses[0]! - losses[1]!)).toBeGreaterThan(1e-3);
    tf.dispose([...batch.views]);
  });

  test('lets batch norm see parts of the batch', async () => {
    const batch = await firstBatch();
    const losses: number[] = [];
    for (const batchNormSplits of [1, 2, 4]) {
      await withPcl({ batchNormSplits }, async (method) => {
        const result = method.step(batch, { epoch: 0, step: 0, measured: false });
        losses.push(scalar(result.loss));
        tf.dispose([result.loss, result.gradients, result.figures]);
      });
    }
    expect(new Set(losses.map((loss) => loss.toFixed(3))).size).toBe(3);
    tf.dispose([...batch.views]);
  });
});

describe('the momentum encoder', () => {
  test('follows the query encoder, and gathers statistics of its own', async () => {
    const batch = await firstBatch();
    await withPcl({}, async (method, encoder) => {
      const start = await method.toState();
      const result = method.step(batch, { epoch: 0, step: 0, measured: false });
      tf.dispose([result.loss, result.gradients, result.figures]);
      tf.tidy(() => {
        for (const variable of Object.values(encoder.variables)) variable.assign(tf.add(variable, 1));
      });
      method.afterUpdate!();
      const state = await method.toState();
      const at = (from: State, name: string) => from.tensors[name]!.data[0]!;
      for (const name of ['conv1.weight', 'layer2.0.bn1.bias', 'fc.weight']) {
        expect(at(state, `keyEncoder/${name}`)).toBeCloseTo(at(start, `encoder/${name}`) + 0.1, 4);
      }
      const mean = 'bn1.running_mean';
      expect(at(state, `keyEncoder/${mean}`)).not.toBe(at(start, `keyEncoder/${mean}`));
      expect(at(state, `keyEncoder/${mean}`)).not.toBe(at(state, `encoder/${mean}`));
    });
    tf.dispose([...batch.views]);
  });

  test('encodes for the E-step in evaluation mode: its statistics stay, the batch plays no part', async () => {
    await withPcl({}, async (method) => {
      const before = await method.toState();
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      const one = await method.toState();
      expect(one.tensors['keyEncoder/bn1.running_mean']).toEqual(
        before.tensors['keyEncoder/bn1.running_mean'],
      );
      const other = stripes({ size: 64, batchSize: 16 });
      await method.beforeUpdate!({ epoch: 2, step: 0, source: { ...source, plain: () => other.plain() } });
      const two = await method.toState();
      expect(two.tensors['prototypes/0/assignments']).toEqual(one.tensors['prototypes/0/assignments']);
    });
  });
});

describe('the E-step', () => {
  test('is due after the warm-up, at the start of an epoch and every so many steps', async () => {
    const batch = await firstBatch();
    const due: string[] = [];
    await withPcl({ expectation: { everySteps: 3 } }, async (method) => {
      for (const epoch of [0, 1, 2]) {
        for (let step = 0; step < 8; step++) {
          const figures = await method.beforeUpdate!({ epoch, step, source });
          if (figures) due.push(`${epoch}:${step}`);
          const result = method.step(batch, { epoch, step, measured: false });
          tf.dispose([result.loss, result.gradients, result.figures]);
        }
      }
    });
    expect(due).toEqual(['1:0', '1:3', '1:6', '2:0', '2:3', '2:6']);
    tf.dispose([...batch.views]);
  });

  test('can go on from the clusters before', async () => {
    const cold = { granularities: [6], expectation: { iterations: 1, redo: 1 } };
    const warm = { ...cold, expectation: { ...cold.expectation, warmStart: { iterations: 4 } } };
    const objectives: number[] = [];
    for (const options of [cold, warm]) {
      await withPcl(options, async (method) => {
        const first = await method.beforeUpdate!({ epoch: 1, step: 0, source });
        const second = await method.beforeUpdate!({ epoch: 2, step: 0, source });
        objectives.push(first!['objective@6']!, second!['objective@6']!);
      });
    }
    const [coldFirst, coldSecond, warmFirst, warmSecond] = objectives as [number, number, number, number];
    expect(coldSecond).toBe(coldFirst);
    expect(warmFirst).toBe(coldFirst);
    expect(warmSecond).toBeLessThan(warmFirst);
  });

  test('that is given up leaves the clusters as they were', async () => {
    await withPcl({}, async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      const before = await method.toState();
      const count = tf.memory().numTensors;
      const signal = AbortSignal.abort();
      await expect(method.beforeUpdate!({ epoch: 2, step: 0, source, signal })).rejects.toThrow();
      expect(await method.toState()).toEqual(before);
      expect(tf.memory().numTensors).toBe(count);
    });
  });

  test('does without images that cannot be read, and so do their steps', async () => {
    const batch = await firstBatch();
    const missing = batch.indices[2]!;
    const lacking = {
      ...source,
      async *plain() {
        for await (const { images, indices } of source.plain()) {
          const kept = [...indices.keys()].filter((row) => indices[row] !== missing);
          yield { images: tf.gather(images, kept), indices: indices.filter((index) => index !== missing) };
          images.dispose();
        }
      },
    };
    const queries = features(batch.views[0]);
    await withPcl({ granularities: [4] }, async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source: lacking });
      const state = await method.toState();
      expect(state.tensors['prototypes/0/assignments']!.data[missing]).toBe(-1);
      const distances = state.tensors['prototypes/0/distances']!.data;
      expect([...distances.keys()].filter((image) => distances[image]! < 0)).toEqual([missing]);
      const result = method.step(batch, { epoch: 1, step: 0, measured: true });
      const seen = [...queries.keys()].filter((row) => row !== 2);
      const expected = naivePrototypes(
        seen.map((row) => queries[row]!),
        batch.indices.filter((i) => i !== missing),
        state,
        0,
      );
      expect(scalar(result.figures['prototypeNCE'])).toBeCloseTo(expected, 4);
      tf.dispose([result.loss, result.gradients, result.figures]);
    });
    tf.dispose([...batch.views]);
  });

  test('refuses images of another data set', async () => {
    const twice = {
      ...source,
      async *plain() {
        yield* source.plain();
        yield* source.plain();
      },
    };
    const none = { ...source, async *plain() {} };
    await withPcl({}, async (method) => {
      for (const wrong of [twice, none, { ...source, size: 60 }]) {
        const running = method.beforeUpdate!({ epoch: 1, step: 0, source: wrong });
        await expect(running).rejects.toMatchObject({ code: 'INVALID_BATCH' });
      }
    });
  });
});

describe('the state', () => {
  test('is all there is: another method goes on with the same bits', async () => {
    const batch = await firstBatch();
    await withPcl({}, async (method) => {
      // How tensors lie in memory shows in the last bit; the trainer begins a run like this too.
      method.fromState(await method.toState());
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      const first = method.step(batch, { epoch: 1, step: 0, measured: false });
      tf.dispose([first.loss, first.gradients, first.figures]);
      method.afterUpdate!();
      const state = await method.toState();
      const expected = method.step(batch, { epoch: 1, step: 1, measured: true });
      const encoder = newEncoder(99);
      const other = createPcl({ encoder, ...OPTIONS });
      other.fromState(state);
      expect(await other.toState()).toEqual(state);
      const actual = other.step(batch, { epoch: 1, step: 1, measured: true });
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        expect([...actual.gradients[name]!.dataSync()]).toEqual([...gradient.dataSync()]);
      }
      expect(scalar(actual.loss)).toBe(scalar(expected.loss));
      expect(await other.toState()).toEqual(await method.toState());
      for (const { loss, gradients, figures } of [expected, actual]) tf.dispose([loss, gradients, figures]);
      other.dispose();
      encoder.dispose();
    });
    tf.dispose([...batch.views]);
  });

  test('of before distances to centroids were kept is taken as it is', async () => {
    await withPcl({}, async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      const state = await method.toState();
      const tensors = Object.fromEntries(
        Object.entries(state.tensors).filter(([name]) => !name.endsWith('/distances')),
      );
      method.fromState({ ...state, tensors });
      expect(await method.toState()).toEqual({ ...state, tensors });
    });
  });

  test('of other granularities is refused, and nothing changes', async () => {
    let state: State | undefined;
    await withPcl({ granularities: [5] }, async (method) => {
      await method.beforeUpdate!({ epoch: 1, step: 0, source });
      state = await method.toState();
    });
    await withPcl({}, async (method) => {
      const before = await method.toState();
      expect(() => method.fromState(state!)).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }),
      );
      expect(await method.toState()).toEqual(before);
    });
  });
});
