import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { kmeans, tensorAssigner, type KMeansOptions, type KMeansProgress } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine, ENGINES } from './engines.js';
import { groupedPoints, matrix, naiveNearest, type Grouped } from './points.js';

interface Case extends Grouped {
  readonly k: number;
  readonly fromFirstPoints: number;
  readonly bestOfFive: readonly number[];
}

const fixture = JSON.parse(await readFile(new URL('fixtures/kmeans.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

// Engines without native code take their time, more so on a machine that is busy.
jest.setTimeout(120_000);

const silent = { log: () => undefined };
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

// In plain JavaScript this would take minutes.
describe.each(ENGINES.filter((engine) => engine !== 'cpu'))('kmeans and faiss on %s', (engine) => {
  beforeAll(() => useBackend(engine, { log: () => undefined }), 600_000);

  test.each(fixture.cases)(
    'from the same start it reaches the objective of faiss ($k clusters)',
    async (given) => {
      const features = matrix(groupedPoints(given), given.dimension);
      const initial = tf.slice(features, [0, 0], [given.k, given.dimension]);
      const before = tf.memory().numTensors;
      const result = await kmeans(features, { k: given.k, seed: 1, initial, ...silent });
      expect(result.objective / given.fromFirstPoints).toBeGreaterThan(0.999);
      expect(result.objective / given.fromFirstPoints).toBeLessThan(1.001);
      expect(tf.memory().numTensors).toBe(before + 1);
      tf.dispose([features, initial, result.centroids]);
    },
  );
});

describeOnEveryEngine('kmeans', (engine) => {
  test('assignments, distances and objective are those of a naive search', async () => {
    const [n, dimension, k] = [200, 12, 11];
    const values = groupedPoints({ n, dimension, groups: 40, noise: 0.4 });
    const features = matrix(values, dimension);
    const before = tf.memory().numTensors;
    const { centroids, assignments, distances, objective, iterations } = await kmeans(features, {
      k,
      seed: 3,
      redo: 1,
    });
    expect([centroids.shape, assignments.length, distances.length]).toEqual([[k, dimension], n, n]);
    const naive = naiveNearest(values, centroids.dataSync(), dimension);
    expect(iterations).toBeGreaterThan(1);
    expect(objective).toBeCloseTo(naive.objective, 4);
    distances.forEach((distance, i) =>
      expect(distance).toBeCloseTo(Math.sqrt(naive.squaredDistances[i]!), 5),
    );
    const differing = assignments.filter((cluster, i) => cluster !== naive.indices[i]).length;
    expect(differing).toBeLessThan(3);
    centroids.dispose();
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });

  test('duplicates: fewer distinct points than clusters are found exactly, and said', async () => {
    const distinct = [3, 4, -2, 1, 0.5, 0.25];
    const features = matrix(
      Array.from({ length: 60 }, (_, i) => distinct.slice(2 * (i % 3), 2 * (i % 3) + 2)).flat(),
      2,
    );
    const lines: string[] = [];
    const before = tf.memory().numTensors;
    const result = await kmeans(features, { k: 6, seed: 1, redo: 2, log: (line) => lines.push(line) });
    expect(result.objective).toBeLessThan(1e-10);
    expect(new Set(result.assignments).size).toBe(3);
    expect(lines).toEqual([expect.stringMatching(/3 of 6 clusters have no points/)]);
    expect(result.centroids.dataSync().every(Number.isFinite)).toBe(true);
    result.centroids.dispose();
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });

  test('the same seed gives the same clusters, another seed others', async () => {
    const features = matrix(groupedPoints({ n: 150, dimension: 6, groups: 1, noise: 1 }), 6);
    const run = async (seed: number) => {
      const { centroids, assignments } = await kmeans(features, { k: 9, seed, iterations: 4, redo: 2 });
      const values = [...centroids.dataSync()];
      centroids.dispose();
      return { values, assignments: [...assignments] };
    };
    const [first, again, other] = [await run(5), await run(5), await run(6)];
    expect(again).toEqual(first);
    expect(other.assignments).not.toEqual(first.assignments);
    features.dispose();
  });

  test.each([
    ['all zeros', Array.from({ length: 24 }, () => 0)],
    ['zeros among others', Array.from({ length: 24 }, (_, i) => (i < 12 ? 0 : i))],
  ])('features that are %s', async (_, values) => {
    const features = matrix(values, 2);
    const { centroids, objective, distances } = await kmeans(features, { k: 3, seed: 1, redo: 1, ...silent });
    expect(objective).toBeLessThan(200);
    expect([...centroids.dataSync(), ...distances].every(Number.isFinite)).toBe(true);
    tf.dispose([features, centroids]);
  });

  test('one cluster has the mean; as many as points have the points', async () => {
    const values = groupedPoints({ n: 30, dimension: 4, groups: 1, noise: 1 });
    const features = matrix(values, 4);
    const one = await kmeans(features, { k: 1, seed: 1 });
    one.centroids.dataSync().forEach((value, d) => {
      expect(value).toBeCloseTo(mean(Array.from({ length: 30 }, (_, row) => values[4 * row + d]!)), 5);
    });
    expect(new Set(one.assignments)).toEqual(new Set([0]));
    const all = await kmeans(features, { k: 30, seed: 1, ...silent });
    expect([all.objective, new Set(all.assignments).size]).toEqual([0, 30]);
    tf.dispose([features, one.centroids, all.centroids]);
  });

  test('points far from the origin keep their distances', async () => {
    // Steps of 1/64 around 300 are exact in float32; |p|² - 2pc + |c|² would lose them altogether.
    const values = Float32Array.from(
      { length: 200 },
      (_, i) => 300 + (i % 2 ? 0 : (Math.floor(i / 2) % 5) * 4) + (i >= 100 ? 1 / 64 : 0),
    );
    const features = matrix(values, 2);
    const { centroids, distances } = await kmeans(features, { k: 5, seed: 2, redo: 6, iterations: 8 });
    // Both coordinates of the second half are shifted, so every point is 1/128 away from its mean in each.
    for (const distance of distances) expect(distance).toBeCloseTo(Math.SQRT2 / 128, 6);
    tf.dispose([features, centroids]);
  });

  test(`on ${engine} an aborted run leaves nothing behind`, async () => {
    const features = matrix(groupedPoints({ n: 300, dimension: 4, groups: 1, noise: 1 }), 4);
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    let steps = 0;
    const running = kmeans(features, {
      k: 9,
      seed: 1,
      signal: controller.signal,
      onProgress: ({ redo }) => {
        steps += 1;
        if (redo === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(running).rejects.toThrow('enough');
    expect(steps).toBeLessThan(22);
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });
});

describe('kmeans', () => {
  beforeAll(() => useBackend(ENGINES.at(-1), { log: () => undefined }), 600_000);

  test('from random starts it is as good as faiss', async () => {
    const given = fixture.cases[2]!;
    const features = matrix(groupedPoints(given), given.dimension);
    const objectives: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const { centroids, objective } = await kmeans(features, { k: given.k, seed });
      objectives.push(objective);
      centroids.dispose();
    }
    expect(mean(objectives) / mean(given.bestOfFive)).toBeLessThan(1.001);
    expect(mean(objectives) / mean(given.bestOfFive)).toBeGreaterThan(0.998);
    features.dispose();
  });

  test('progress tells every step, the best run counts, and steps end when nothing changes', async () => {
    const features = matrix(groupedPoints({ n: 200, dimension: 3, groups: 1, noise: 1 }), 3);
    const steps: KMeansProgress[] = [];
    const options = {
      k: 8,
      seed: 4,
      redo: 3,
      iterations: 200,
      onProgress: (step: KMeansProgress) => steps.push(step),
    };
    const { centroids, objective, iterations } = await kmeans(features, options);
    const runs = [1, 2, 3].map((redo) => steps.filter((step) => step.redo === redo));
    for (const run of runs) {
      expect(run.map(({ iteration }) => iteration)).toEqual(run.map((_, i) => i + 1));
      expect(run.length).toBeLessThan(200);
      // Lloyd's steps never make it worse.
      run
        .slice(1)
        .forEach((step, i) => expect(step.objective).toBeLessThanOrEqual(run[i]!.objective * (1 + 1e-6)));
    }
    const lasts = runs.map((run) => run.at(-1)!);
    const best = lasts.reduce((least, last) => (last.objective < least.objective ? last : least));
    expect(objective).toBeCloseTo(best.objective, 5);
    expect(iterations).toBe(best.iteration);
    tf.dispose([features, centroids]);
  });

  test('stopping early is exact: fewer steps give what all of them give', async () => {
    const features = matrix(groupedPoints({ n: 200, dimension: 3, groups: 1, noise: 1 }), 3);
    const short = await kmeans(features, { k: 8, seed: 4, redo: 1, iterations: 100 });
    const exact = await kmeans(features, { k: 8, seed: 4, redo: 1, iterations: short.iterations });
    const long = await kmeans(features, { k: 8, seed: 4, redo: 1, iterations: 1000 });
    expect(short.iterations).toBeLessThan(100);
    expect(long.centroids.dataSync()).toEqual(short.centroids.dataSync());
    expect(exact.centroids.dataSync()).toEqual(short.centroids.dataSync());
    tf.dispose([features, short.centroids, exact.centroids, long.centroids]);
  });

  test('many points are represented by a subset, and all of them are assigned', async () => {
    const features = matrix(groupedPoints({ n: 1000, dimension: 4, groups: 1, noise: 1 }), 4);
    const asked: number[] = [];
    const tensor = tensorAssigner();
    const assigner = {
      assign: (points: tf.Tensor2D, centroids: tf.Tensor2D) => {
        asked.push(points.shape[0]);
        return tensor.assign(points, centroids);
      },
      close: () => tensor.close(),
    };
    const options = { k: 5, seed: 1, redo: 1, iterations: 3, maxPointsPerCentroid: 20, assigner };
    const { centroids, assignments, distances, objective } = await kmeans(features, options);
    expect(asked).toEqual([100, 100, 100, 1000]);
    expect(assignments).toHaveLength(1000);
    const all = distances.reduce((sum, distance) => sum + distance ** 2, 0);
    // A tenth of the points has about a tenth of the sum.
    expect(objective / all).toBeGreaterThan(0.07);
    expect(objective / all).toBeLessThan(0.13);
    tf.dispose([features, centroids]);
  });

  test('few points are said; enough are not', async () => {
    const features = matrix(groupedPoints({ n: 100, dimension: 4, groups: 1, noise: 1 }), 4);
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const enough = await kmeans(features, { k: 10, seed: 1, log });
    expect(lines).toEqual([]);
    const few = await kmeans(features, { k: 11, seed: 1, log });
    expect(lines).toEqual([expect.stringMatching(/100 points are few for 11 clusters; 110 or more/)]);
    tf.dispose([features, enough.centroids, few.centroids]);
  });

  test('empty clusters get half of a large one', async () => {
    // All but one of the starts are so far away that no point belongs to them.
    const values = groupedPoints({ n: 300, dimension: 4, groups: 1, noise: 1 });
    const features = matrix(values, 4);
    const initial = matrix([0, 0, 0, 0, 50, 50, 50, 50, 60, 60, 60, 60, -90, 0, 0, 0], 4);
    const emptied: number[] = [];
    const onProgress = ({ emptyClusters }: KMeansProgress) => emptied.push(emptyClusters);
    const { centroids, assignments, objective } = await kmeans(features, {
      k: 4,
      seed: 1,
      initial,
      onProgress,
    });
    expect(emptied[0]).toBe(3);
    const sizes = [0, 1, 2, 3].map((cluster) => assignments.filter((value) => value === cluster).length);
    expect(Math.min(...sizes)).toBeGreaterThan(30);
    const usual = await kmeans(features, { k: 4, seed: 1 });
    expect(objective / usual.objective).toBeLessThan(1.05);
    tf.dispose([features, initial, centroids, usual.centroids]);
  });

  test.each([-300, 1e4])('far from the origin, at %s, it finds what it finds around it', async (offset) => {
    const [n, dimension, k] = [2000, 16, 40];
    // What float32 resolves there.
    const values = groupedPoints({ n, dimension, groups: 60, noise: 0.4 }).map(
      (value) => Math.fround(value + offset) - offset,
    );
    // Most of the starts are one point, so that their clusters are empty.
    const starts = Float32Array.from({ length: k * dimension }, (_, at) => values[at % (4 * dimension)]!);
    const objectives: number[] = [];
    for (const at of [0, offset]) {
      const features = matrix(
        values.map((value) => value + at),
        dimension,
      );
      const initial = matrix(
        starts.map((value) => value + at),
        dimension,
      );
      const before = tf.memory().numTensors;
      const found = await kmeans(features, { k, seed: 1, initial });
      expect(tf.memory().numTensors).toBe(before + 1);
      const naive = naiveNearest(features.dataSync(), found.centroids.dataSync(), dimension);
      expect(found.objective / naive.objective).toBeCloseTo(1, 5);
      objectives.push(naive.objective);
      tf.dispose([features, initial, found.centroids]);
    }
    const [around, far] = objectives as [number, number];
    // It was more than twice as much.
    expect(far / around).toBeLessThan(1.03);
  });

  test('a start of fewer centroids is filled up with points; a whole one leaves one run', async () => {
    const features = matrix(groupedPoints({ n: 100, dimension: 4, groups: 1, noise: 1 }), 4);
    const initial = tf.slice(features, [0, 0], [3, 4]);
    const redos = new Set<number>();
    const onProgress = (progress: KMeansProgress) => redos.add(progress.redos);
    const part = await kmeans(features, { k: 7, seed: 1, initial, onProgress });
    expect(part.centroids.shape).toEqual([7, 4]);
    const whole = await kmeans(features, { k: 3, seed: 1, initial, onProgress });
    expect([...redos]).toEqual([5, 1]);
    expect(initial.isDisposed).toBe(false);
    tf.dispose([features, initial, part.centroids, whole.centroids]);
  });

  const five = (): tf.Tensor2D => tf.ones<tf.Rank.R2>([5, 2]);
  test.each<[string, () => tf.Tensor, () => Partial<KMeansOptions>, string]>([
    ['more clusters than points', five, () => ({ k: 6 }), 'TOO_FEW_POINTS'],
    ['no clusters', five, () => ({ k: 0 }), 'INVALID_OPTION'],
    ['half a cluster', five, () => ({ k: 1.5 }), 'INVALID_OPTION'],
    ['no steps', five, () => ({ iterations: 0 }), 'INVALID_OPTION'],
    ['no runs', five, () => ({ redo: 0 }), 'INVALID_OPTION'],
    ['a negative seed', five, () => ({ seed: -1 }), 'INVALID_OPTION'],
    ['no points per centroid', five, () => ({ maxPointsPerCentroid: 0 }), 'INVALID_OPTION'],
    ['an unknown assigner', five, () => ({ assigner: 'scann' as 'tensor' }), 'INVALID_OPTION'],
    ['a vector', () => tf.ones([5]), () => ({}), 'INVALID_SHAPE'],
    ['no points', () => tf.zeros([0, 2]), () => ({}), 'INVALID_SHAPE'],
    ['integers', () => tf.ones([5, 2], 'int32'), () => ({}), 'INVALID_DTYPE'],
    ['NaN', () => tf.tensor2d([1, 2, NaN, 4], [2, 2]), () => ({}), 'NON_FINITE_FEATURES'],
    ['Inf', () => tf.tensor2d([1, 2, 3, -Infinity], [2, 2]), () => ({}), 'NON_FINITE_FEATURES'],
    [
      'squares that overflow',
      () => tf.tensor2d([1e30, 0, -1e30, 0], [2, 2]),
      () => ({}),
      'NON_FINITE_FEATURES',
    ],
    ['a start with NaN', five, () => ({ initial: tf.tensor2d([[NaN, 1]]) }), 'NON_FINITE_FEATURES'],
    ['a start of another size', five, () => ({ initial: tf.ones([1, 3]) }), 'INVALID_SHAPE'],
    ['a start of too many', five, () => ({ initial: tf.ones([3, 2]) }), 'INVALID_SHAPE'],
  ])('refuses %s', async (_, make, options, code) => {
    const features = make() as tf.Tensor2D;
    const given = { k: 2, seed: 1, ...silent, ...options() };
    const before = tf.memory().numTensors;
    await expect(kmeans(features, given)).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([features, given.initial ?? []]);
  });

  test('names the row that is not finite', async () => {
    const features = tf.tensor2d([1, 2, 3, 4, 5, NaN], [3, 2]);
    await expect(kmeans(features, { k: 2, seed: 1 })).rejects.toThrow(/row 2 .* column 1/);
    features.dispose();
  });

  test('warnings go to stderr where nothing else is asked for', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const features = five();
    const { centroids } = await kmeans(features, { k: 1, seed: 1 });
    expect(printed.mock.calls.flat()).toEqual([
      expect.stringMatching(/^\[protocl\] kmeans: 5 points are few/),
    ]);
    printed.mockRestore();
    tf.dispose([features, centroids]);
  });
});
