import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { faissNodeAssigner, kmeans, type Assigner, type FaissNodeOptions } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { FaissProcess } from '../src/faiss/faissProcess.js';
import { ENGINES } from './engines.js';
import { groupedPoints, matrix, naiveNearest } from './points.js';

// Node and faiss take their time to start, more so on a machine that is busy.
jest.setTimeout(120_000);

beforeAll(() => useBackend(ENGINES.at(-1), { log: () => undefined }), 600_000);

let assigner: Assigner | undefined;
afterEach(async () => assigner?.close());
const open = (options?: FaissNodeOptions): Assigner => (assigner = faissNodeAssigner(options));

describe('faissNodeAssigner', () => {
  test('finds the nearest centroids, in batches, with exact distances', async () => {
    const [n, dimension, k] = [1100, 8, 20];
    const values = groupedPoints({ n, dimension, groups: 30, noise: 0.5 });
    const starts = values.slice(0, k * dimension);
    const [points, centroids] = [matrix(values, dimension), matrix(starts, dimension)];
    const before = tf.memory().numTensors;
    const { indices, squaredDistances } = await open({ batchSize: 256 }).assign(points, centroids);
    const naive = naiveNearest(values, starts, dimension);
    expect([...indices]).toEqual(naive.indices);
    squaredDistances.forEach((distance, i) => expect(distance).toBeCloseTo(naive.squaredDistances[i]!, 6));
    // The first points are the centroids themselves: no cancellation.
    expect([...squaredDistances.slice(0, k)]).toEqual(Array.from({ length: k }, () => 0));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([points, centroids]);
  });

  test.each([30, 1e4])('finds them far from the origin, at %s', async (offset) => {
    const [n, dimension, k] = [600, 16, 24];
    const values = groupedPoints({ n, dimension, groups: 24, noise: 0.5 }).map((value) => value + offset);
    const starts = values.slice(0, k * dimension);
    const [points, centroids] = [matrix(values, dimension), matrix(starts, dimension)];
    const { indices } = await open({ batchSize: 256 }).assign(points, centroids);
    const naive = naiveNearest(values, starts, dimension);
    expect([...indices]).toEqual(naive.indices);
    tf.dispose([points, centroids]);
  });

  test('one assigner serves searches that come at the same time', async () => {
    const values = groupedPoints({ n: 300, dimension: 4, groups: 1, noise: 1 });
    const points = matrix(values, 4);
    const some = [3, 7, 5].map((k) => values.slice(0, 4 * k));
    const centroids = some.map((start) => matrix(start, 4));
    const shared = open();
    const found = await Promise.all(centroids.map((start) => shared.assign(points, start)));
    found.forEach(({ indices }, i) =>
      expect([...indices]).toEqual(naiveNearest(values, some[i]!, 4).indices),
    );
    tf.dispose([points, ...centroids]);
  });

  test('a graph finds nearly all of the nearest', async () => {
    const [n, dimension, k] = [500, 8, 200];
    const values = groupedPoints({ n, dimension, groups: 1, noise: 1 });
    const starts = values.slice(0, k * dimension);
    const [points, centroids] = [matrix(values, dimension), matrix(starts, dimension)];
    const { indices } = await open({ index: 'hnsw' }).assign(points, centroids);
    const naive = naiveNearest(values, starts, dimension);
    expect(indices.filter((found, i) => found === naive.indices[i]).length / n).toBeGreaterThan(0.95);
    tf.dispose([points, centroids]);
  });

  test('kmeans finds with it what it finds without', async () => {
    const features = matrix(groupedPoints({ n: 400, dimension: 6, groups: 20, noise: 0.3 }), 6);
    const options = { k: 12, seed: 2, redo: 2, iterations: 8 };
    const before = tf.memory().numTensors;
    const tensor = await kmeans(features, options);
    const faiss = await kmeans(features, { ...options, assigner: 'faiss-node' });
    expect(faiss.objective).toBeCloseTo(tensor.objective, 3);
    expect([...faiss.assignments]).toEqual([...tensor.assignments]);
    tf.dispose([tensor.centroids, faiss.centroids]);
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });

  test('refuses what faiss must not see, and goes on', async () => {
    const used = open();
    const [points, centroids] = [tf.ones<tf.Rank.R2>([4, 2]), tf.zeros<tf.Rank.R2>([1, 2])];
    const broken = tf.tensor2d([1, NaN], [1, 2]);
    const narrow = tf.ones<tf.Rank.R2>([1, 1]);
    await expect(used.assign(broken, centroids)).rejects.toMatchObject({ code: 'NON_FINITE_FEATURES' });
    await expect(used.assign(points, broken)).rejects.toMatchObject({ code: 'NON_FINITE_FEATURES' });
    await expect(used.assign(points, narrow)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
    expect([...(await used.assign(points, centroids)).squaredDistances]).toEqual([2, 2, 2, 2]);
    tf.dispose([points, centroids, broken, narrow]);
  });

  test('a closed assigner says so, and closing twice does nothing', async () => {
    const closed = open();
    const points = tf.ones<tf.Rank.R2>([4, 2]);
    await closed.assign(points, points);
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.assign(points, points)).rejects.toMatchObject({ code: 'ASSIGNER_CLOSED' });
    points.dispose();
  });

  test.each<FaissNodeOptions>([{ batchSize: 255 }, { batchSize: 1025 }, { index: 'ivf' as 'hnsw' }])(
    'refuses %p',
    (options) => {
      expect(() => faissNodeAssigner(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    },
  );
});

describe('the process with faiss-node', () => {
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('its being killed is a typed error, and it ends when it is stopped', async () => {
    const running = new FaissProcess();
    const vectors = new Float32Array(4);
    await running.request({ dimension: 2, index: 'exact', vectors });
    // A large search, so that the process dies at work.
    const searching = running.request({ queries: new Float32Array(2 ** 21) });
    process.kill(running.pid!, 'SIGKILL');
    await expect(searching).rejects.toMatchObject({ code: 'FAISS_NODE_FAILED' });
    await expect(searching).rejects.toThrow(/killed by SIGKILL/);
    expect(running.isRunning).toBe(false);
    await expect(running.request({ queries: vectors })).rejects.toMatchObject({ code: 'FAISS_NODE_FAILED' });
    const stopped = new FaissProcess();
    await stopped.request({ dimension: 2, index: 'exact', vectors });
    await stopped.stop();
    expect(isAlive(stopped.pid!)).toBe(false);
  });

  test('an error of faiss-node is a typed error, and the process lives on', async () => {
    const running = new FaissProcess();
    await expect(running.request({ queries: new Float32Array(2) })).rejects.toThrow(/no index to search/);
    const vectors = Float32Array.of(0, 0, 3, 4);
    // Seven numbers are no list of pairs.
    await running.request({ dimension: 2, index: 'exact', vectors });
    const odd = running.request({ queries: new Float32Array(7) });
    await expect(odd).rejects.toMatchObject({ code: 'FAISS_NODE_FAILED' });
    const labels = await running.request({ queries: Float32Array.of(3, 3) });
    expect([...labels]).toEqual([1]);
    await running.stop();
  });
});
