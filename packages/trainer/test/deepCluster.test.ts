import { beforeAll, describe, expect, test } from '@jest/globals';
import { kmeans, normalizedMutualInformation, principalComponents } from '@protocl/clustering';
import { randomStream } from '@protocl/core';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createDeepCluster } from '@protocl/trainer';
import type { DeepClusterOptions, Method, TrainingBatch, TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { uniformOrder } from '../src/methods/uniformOrder.js';
import { startFastest } from './engines.js';
import { average, crossEntropy, dot, readStep, rowsOf, unit } from './naive.js';
import { stripes } from './stripes.js';

beforeAll(startFastest, 600_000);

const CLUSTERS = 5;
const source = stripes({ size: 64, batchSize: 8 });
const OPTIONS = {
  source,
  seed: 3,
  clusters: CLUSTERS,
  components: 4,
  clustering: { iterations: 7, redo: 2 },
} satisfies Partial<DeepClusterOptions> & { source: TrainingSource };

function newEncoder(seed = 1): Encoder {
  const head = { kind: 'linear', dimension: 6 } as const;
  return createEncoder({ architecture: 'resnet8', width: 4, input: 'sobel', head, seed });
}

async function withDeepCluster(
  options: DeepClusterOptions,
  body: (method: Method, encoder: Encoder) => Promise<void>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const encoder = newEncoder();
  const method = createDeepCluster({ encoder, ...OPTIONS, ...options });
  await body(method, encoder);
  method.dispose();
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

async function firstBatch(): Promise<TrainingBatch> {
  for await (const batch of source.views(0, 0)) return batch;
  throw new Error('no batch');
}

/** The source without some of its images, as where they cannot be read. */
const lacking = (missing: number): TrainingSource => ({
  ...source,
  async *plain() {
    for await (const { images, indices } of source.plain()) {
      const kept = [...indices.keys()].filter((row) => indices[row] !== missing);
      yield { images: tf.gather(images, kept), indices: indices.filter((index) => index !== missing) };
      images.dispose();
    }
  },
});

/** The clustering, step by step. */
async function clusteredByHand(encoder: Encoder, epoch: number) {
  const parts: tf.Tensor2D[] = [];
  for await (const { images } of source.plain()) {
    parts.push(encoder.forward(images, { training: false }));
    images.dispose();
  }
  const features = tf.concat(parts);
  const analysis = await principalComponents(features, { dimensions: 4, whiten: true });
  const whitened = analysis.transform(features);
  const points = tf.tensor2d(whitened.arraySync().map(unit));
  const found = await kmeans(points, {
    k: CLUSTERS,
    seed: randomStream({ seed: 3, purpose: 'deepcluster: clustering', epoch }).integers(1, 2 ** 31)[0]!,
    iterations: 7,
    redo: 2,
    log: () => undefined,
  });
  tf.dispose([parts, features, whitened, points, found.centroids]);
  analysis.dispose();
  return found;
}

const update = (method: Method, epoch: number, step = 0, from: TrainingSource = source) =>
  method.beforeUpdate!({ epoch, step, source: from, log: () => undefined });

function sizesOf(assignments: Int32Array): number[] {
  return Array.from({ length: CLUSTERS }, (_, k) => assignments.filter((cluster) => cluster === k).length);
}

describe('the clustering', () => {
  test('is k-means of whitened components of length 1, and says what it found', async () => {
    await withDeepCluster({}, async (method, encoder) => {
      expect(method.clusters!()).toEqual([]);
      const by = [await clusteredByHand(encoder, 0), await clusteredByHand(encoder, 1)];
      const figures = [await update(method, 0)];
      expect(method.clusters!()).toEqual([{ k: CLUSTERS, assignments: by[0]!.assignments }]);
      figures.push(await update(method, 1));
      expect(method.clusters!()).toEqual([{ k: CLUSTERS, assignments: by[1]!.assignments }]);
      const { tensors } = await method.toState();
      for (const [image, distance] of tensors['clusters/distances']!.data.entries()) {
        expect(distance).toBeCloseTo(by[1]!.distances[image]!, 4);
      }
      for (const [epoch, { assignments, objective }] of by.entries()) {
        const sizes = sizesOf(assignments).sort((a, b) => a - b);
        expect(figures[epoch]).toEqual({
          [`objective@${CLUSTERS}`]: expect.closeTo(objective, 3),
          [`smallest@${CLUSTERS}`]: sizes[0],
          [`median@${CLUSTERS}`]: sizes[2],
          [`largest@${CLUSTERS}`]: sizes[4],
          ...(epoch === 1 && {
            'NMI with the clusters before': expect.closeTo(
              normalizedMutualInformation(by[0]!.assignments, by[1]!.assignments),
              6,
            ),
          }),
        });
      }
      expect(by[0]!.assignments).not.toEqual(by[1]!.assignments);
    });
  });

  test('begins the classifier anew', async () => {
    await withDeepCluster({}, async (method) => {
      const weights: unknown[] = [];
      for (const epoch of [0, 1]) {
        await update(method, epoch);
        weights.push((await method.toState()).tensors['classifier/classifier/weight']);
      }
      expect(weights[0]).not.toEqual(weights[1]);
    });
  });

  test('is due at the start of every so many epochs, and before anything else', async () => {
    const dueOf = async (places: [epoch: number, step: number][]) => {
      const due: string[] = [];
      await withDeepCluster({ everyEpochs: 2, clustering: { iterations: 1 } }, async (method) => {
        for (const [epoch, step] of places) {
          if (await update(method, epoch, step)) due.push(`${epoch}:${step}`);
        }
      });
      return due;
    };
    expect(
      await dueOf([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
        [2, 0],
        [2, 1],
        [3, 0],
        [4, 0],
      ]),
    ).toEqual(['0:0', '2:0', '4:0']);
    expect(
      await dueOf([
        [1, 3],
        [1, 4],
        [2, 0],
      ]),
    ).toEqual(['1:3', '2:0']);
  });

  test('that is given up leaves the clusters as they were', async () => {
    await withDeepCluster({}, async (method) => {
      await update(method, 0);
      const before = await method.toState();
      const tensors = tf.memory().numTensors;
      const signal = AbortSignal.abort();
      await expect(method.beforeUpdate!({ epoch: 1, step: 0, source, signal })).rejects.toThrow();
      expect(await method.toState()).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });
});

describe('the order of an epoch', () => {
  test('draws as many of each cluster', async () => {
    await withDeepCluster({}, async (method) => {
      await update(method, 0);
      const { assignments } = method.clusters!()[0]!;
      for (const epoch of [0, 5]) {
        const random = randomStream({ seed: 3, purpose: 'uniform order', epoch });
        expect(method.order!({ epoch })).toEqual(uniformOrder(assignments, CLUSTERS, random));
      }
      expect(method.order!({ epoch: 0 })).not.toEqual(method.order!({ epoch: 5 }));
    });
  });

  test('is that of the source where all images count the same', async () => {
    await withDeepCluster({ sampling: 'all' }, async (method) => {
      await update(method, 0);
      expect(method.order!({ epoch: 0 })).toBeUndefined();
    });
  });
});

describe('a step', () => {
  test('is the cross-entropy of pseudo-labels; images without a cluster do not count', async () => {
    const batch = await firstBatch();
    const missing = batch.indices[2]!;
    await withDeepCluster({}, async (method, encoder) => {
      await update(method, 0, 0, lacking(missing));
      const { assignments } = method.clusters!()[0]!;
      expect([...assignments.keys()].filter((image) => assignments[image] === -1)).toEqual([missing]);
      expect(method.order!({ epoch: 0 })).not.toContain(missing);
      const state = await method.toState();
      const weight = rowsOf(state, 'classifier/classifier/weight');
      const twin = newEncoder();
      const outputs = tf.tidy(() => twin.forward(batch.views[0], { training: true }).arraySync());
      twin.dispose();
      const logits = outputs.map((row) => {
        const features = row.map((value) => Math.max(0, value));
        return Array.from({ length: CLUSTERS }, (_, k) =>
          dot(
            features,
            weight.map((weights) => weights[k]!),
          ),
        );
      });
      const seen = [...logits.keys()].filter((row) => row !== 2);
      const own = (row: number) => assignments[batch.indices[row]!]!;
      const before = tf.memory().numTensors;
      const { loss, figures, gradients } = readStep(
        method.step(batch, { epoch: 0, step: 0, measured: true }),
      );
      expect(loss).toBeCloseTo(average(seen.map((row) => crossEntropy(logits[row]!, own(row)))), 5);
      const hits = seen.map((row) => (Math.max(...logits[row]!) === logits[row]![own(row)] ? 1 : 0));
      expect(figures).toEqual({ 'Acc@Cluster': expect.closeTo(average(hits), 5) });
      // Those of the classifier are its own.
      expect(Object.keys(gradients)).toEqual(Object.keys(encoder.variables));
      method.afterUpdate!();
      expect(tf.memory().numTensors).toBe(before);
      expect((await method.toState()).tensors['classifier/classifier/bias']!.data).not.toEqual(
        state.tensors['classifier/classifier/bias']!.data,
      );
      expect(readStep(method.step(batch, { epoch: 0, step: 1, measured: false })).figures).toEqual({});
    });
    tf.dispose([...batch.views]);
  });

  test('of images that have no cluster changes nothing', async () => {
    const batch = await firstBatch();
    await withDeepCluster({}, async (method) => {
      const { loss, figures, gradients } = readStep(
        method.step(batch, { epoch: 0, step: 0, measured: true }),
      );
      expect([loss, figures['Acc@Cluster']!].map(Math.abs)).toEqual([0, 0]);
      expect(Object.values(gradients).every((values) => values.every((value) => value === 0))).toBe(true);
    });
    tf.dispose([...batch.views]);
  });
});

describe('the state', () => {
  test('is all there is: another method goes on with the same bits and the same order', async () => {
    const batch = await firstBatch();
    await withDeepCluster({}, async (method) => {
      // How tensors lie in memory shows in the last bit; the trainer begins a run like this too.
      method.fromState(await method.toState());
      await update(method, 1);
      readStep(method.step(batch, { epoch: 1, step: 0, measured: false }));
      method.afterUpdate!();
      const state = await method.toState();
      const expected = readStep(method.step(batch, { epoch: 1, step: 1, measured: true }));
      method.afterUpdate!();
      const encoder = newEncoder(99);
      const other = createDeepCluster({ encoder, ...OPTIONS });
      other.fromState(state);
      expect(await other.toState()).toEqual(state);
      expect(other.order!({ epoch: 1 })).toEqual(method.order!({ epoch: 1 }));
      expect(await update(other, 1, 1)).toBeUndefined();
      // The clustering at the start of this epoch has been.
      expect(await update(other, 1, 0)).toBeUndefined();
      expect(readStep(other.step(batch, { epoch: 1, step: 1, measured: true }))).toEqual(expected);
      other.afterUpdate!();
      expect(await other.toState()).toEqual(await method.toState());
      other.dispose();
      encoder.dispose();
    });
    tf.dispose([...batch.views]);
  });

  test('of other images or clusters is refused, and nothing changes', async () => {
    await withDeepCluster({}, async (method) => {
      await update(method, 0);
      const before = await method.toState();
      const labels = { dtype: 'int32', shape: [60], data: new Int32Array(60) } as const;
      const rest = Object.fromEntries(
        Object.entries(before.tensors).filter(([name]) => name !== 'clusters/labels'),
      );
      const wider = { dtype: 'float32', shape: [6, 9], data: new Float32Array(54) } as const;
      for (const tensors of [
        { ...before.tensors, 'clusters/labels': labels },
        { ...before.tensors, 'clusters/distances': { ...labels, dtype: 'float32' } as const },
        rest,
        { ...before.tensors, 'classifier/classifier/weight': wider },
      ]) {
        expect(() => method.fromState({ ...before, tensors })).toThrow(
          expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }),
        );
        expect(await method.toState()).toEqual(before);
      }
    });
  });
});

test.each<[string, DeepClusterOptions, string]>([
  ['more clusters than images', { clusters: 65 }, 'clusters'],
  ['one cluster', { clusters: 1 }, 'clusters'],
  ['an unknown way of sampling', { sampling: 'some' as 'all' }, 'sampling'],
])('%s are refused, before anything is made', (_, options, path) => {
  const before = tf.memory().numTensors;
  const encoder = newEncoder();
  const create = () => createDeepCluster({ encoder, ...OPTIONS, ...options });
  expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(create).toThrow(path);
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
