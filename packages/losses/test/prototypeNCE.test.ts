import { expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { prototypeNCE } from '@protocl/losses';
import type { Prototypes, PrototypeNCEOptions } from '@protocl/losses';

import { selectPrototypes } from '../src/selectPrototypes.js';
import { describeOnEveryBackend } from './everyBackend.js';
import { naiveGradient, naivePrototypeNCE } from './naiveLosses.js';
import type { NaivePrototypes } from './naiveLosses.js';
import { expectLoss, matrix, prototypesOf, unitRows, valueOf } from './samples.js';

const IMAGES = 40;

/** k clusters, of which the batch (the images at INDEX) shares some. */
function clustering(k: number, dimension: number, concentrations = [0.1, 0.4]): NaivePrototypes {
  const [low, high] = concentrations as [number, number];
  return {
    centroids: unitRows(k, dimension, `centroids ${k}`),
    assignments: [...randomStream({ seed: 1, purpose: 'assignments' }).integers(IMAGES, k)],
    concentration: [...randomStream({ seed: 1, purpose: 'concentration' }).uniform(k)].map((share) =>
      Math.fround(low * (high / low) ** share),
    ),
  };
}

const INDEX = [3, 39, 0, 17, 22, 5, 8];

describeOnEveryBackend('prototypeNCE', () => {
  for (const duplicates of ['merge', 'keep'] as const) {
    test.each([2, 4, 12, 60])(`${duplicates} equals the naive loop with %d prototypes`, (k) => {
      const granularity = clustering(k, 6);
      const query = unitRows(INDEX.length, 6, 'query');
      const naive = (q: number[][]) => naivePrototypeNCE(q, granularity, INDEX, duplicates);
      tf.tidy(() => {
        const prototypes = prototypesOf(granularity);
        expectLoss((q) => prototypeNCE(q, prototypes, INDEX, { duplicates }), [query], {
          value: naive(query),
          gradients: [naiveGradient(naive, query)],
        });
      });
    });

    test(`${duplicates} with drawn negatives equals the naive loop over those drawn`, () => {
      const k = 30;
      const granularity = clustering(k, 6);
      const query = unitRows(INDEX.length, 6, 'query');
      const draw = () => ({ negatives: 9, rng: randomStream({ seed: 5, purpose: 'negatives' }), duplicates });
      const clusters = Int32Array.from(INDEX, (image) => granularity.assignments[image]!);
      const { columns, positives } = selectPrototypes('test', clusters, k, draw());
      const drawn = [...columns.slice(positives)];
      expect(drawn).toHaveLength(9);
      const naive = (q: number[][]) => naivePrototypeNCE(q, granularity, INDEX, duplicates, drawn);
      tf.tidy(() => {
        const prototypes = prototypesOf(granularity);
        expectLoss((q) => prototypeNCE(q, prototypes, Int32Array.from(INDEX), draw()), [query], {
          value: naive(query),
          gradients: [naiveGradient(naive, query)],
        });
      });
    });

    test(`${duplicates} withstands extreme concentrations`, () => {
      const granularity = clustering(12, 6, [1e-3, 1e3]);
      const query = unitRows(INDEX.length, 6, 'query');
      const naive = (q: number[][]) => naivePrototypeNCE(q, granularity, INDEX, duplicates);
      tf.tidy(() => {
        const prototypes = prototypesOf(granularity);
        // Logits go up to 1000, which float32 holds to 6e-5.
        expectLoss(
          (q) => prototypeNCE(q, prototypes, INDEX, { duplicates }),
          [query],
          { value: naive(query), gradients: [naiveGradient(naive, query, 1e-7)] },
          { absolute: 1e-3, relative: 1e-3 },
        );
      });
    });
  }

  test('with concentrations of 0.01 a matching prototype costs next to nothing, another the gap', () => {
    tf.tidy(() => {
      const prototypes: Prototypes = {
        centroids: tf.tensor2d([
          [1, 0],
          [-1, 0],
        ]),
        assignments: Int32Array.of(0, 1),
        concentration: tf.tensor1d([0.01, 0.01]),
      };
      const query = tf.tensor2d([[1, 0]]);
      expect(valueOf(prototypeNCE(query, prototypes, [0]))).toBe(0);
      expect(valueOf(prototypeNCE(query, prototypes, [1]))).toBeCloseTo(200, 3);
    });
  });

  test.each(['merge', 'keep'] as const)(
    '%s: nothing to compare with costs 0, without a gradient',
    (duplicates) => {
      const lone = { centroids: unitRows(1, 4, 'lone'), assignments: [0, 0], concentration: [0.1] };
      tf.tidy(() => {
        const prototypes = prototypesOf(lone);
        const query = unitRows(1, 4, 'query');
        expectLoss((q) => prototypeNCE(q, prototypes, [1], { duplicates }), [query], {
          value: 0,
          gradients: [Array(4).fill(0)],
        });
        const none = { negatives: 0, rng: randomStream({ seed: 1, purpose: 'none' }), duplicates };
        const two = prototypesOf(clustering(5, 4));
        expect(valueOf(prototypeNCE(matrix(query), two, [1], none))).toBe(0);
      });
    },
  );

  test('prototypes get no gradient', () => {
    tf.tidy(() => {
      const { centroids, assignments, concentration } = prototypesOf(clustering(5, 4));
      const query = matrix(unitRows(1, 4, 'query'));
      const byCentroids = tf.grad((c) =>
        prototypeNCE(query, { centroids: c as Tensor2D, assignments, concentration }, [0]),
      );
      expect(() => byCentroids(centroids)).toThrow(/Cannot compute gradient/);
    });
  });

  test('leaves no tensor behind under variableGrads, nor after an error', () => {
    const prototypes = prototypesOf(clustering(12, 4));
    const images = matrix(unitRows(INDEX.length, 5, 'images'));
    const weights = tf.variable(matrix(unitRows(5, 4, 'weights')));
    const before = tf.memory();
    const loss = (index: number[]) => () =>
      prototypeNCE(tf.matMul(images, weights), prototypes, index, {
        negatives: 3,
        rng: randomStream({ seed: 1, purpose: 'negatives' }),
      });
    for (let repetition = 0; repetition < 3; repetition++) {
      const { value, grads } = tf.variableGrads(loss(INDEX), [weights]);
      tf.dispose([value, grads]);
    }
    expect(() => tf.tidy(loss([-1, ...INDEX.slice(1)]))).toThrow(
      expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }),
    );
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose([images, weights, prototypes.centroids, prototypes.concentration]);
  });

  const rng = randomStream({ seed: 1, purpose: 'negatives' });
  const refusals: [
    string,
    {
      index?: number[];
      options?: PrototypeNCEOptions;
      prototypes?: Partial<Prototypes>;
      query?: () => Tensor2D;
    },
    string,
  ][] = [
    ['an empty batch', { query: () => tf.zeros([0, 4]), index: [] }, 'INVALID_SHAPE'],
    ['an index too few', { index: [1] }, 'INVALID_SHAPE'],
    ['a negative index', { index: [1, -1] }, 'INDEX_OUT_OF_RANGE'],
    ['an index behind the dataset', { index: [1, IMAGES] }, 'INDEX_OUT_OF_RANGE'],
    ['an index between two images', { index: [1, 1.5] }, 'INDEX_OUT_OF_RANGE'],
    [
      'an assignment to no cluster',
      { prototypes: { assignments: Int32Array.of(0, 8) } },
      'INDEX_OUT_OF_RANGE',
    ],
    ['a negative assignment', { prototypes: { assignments: Int32Array.of(-1, 0) } }, 'INDEX_OUT_OF_RANGE'],
    ['features of another size', { query: () => tf.zeros([2, 5]) }, 'INVALID_SHAPE'],
    ['integer features', { query: () => tf.zeros([2, 4], 'int32') }, 'INVALID_DTYPE'],
    ['more negatives than there are', { options: { negatives: 8, rng } }, 'TOO_MANY_NEGATIVES'],
    ['half a negative', { options: { negatives: 0.5, rng } }, 'INVALID_OPTION'],
    ['less than no negatives', { options: { negatives: -1, rng } }, 'INVALID_OPTION'],
    ['negatives without a stream', { options: { negatives: 2 } }, 'INVALID_OPTION'],
    ['unknown duplicates', { options: { duplicates: 'drop' as 'keep' } }, 'INVALID_OPTION'],
  ];
  test.each(refusals)('refuses %s', (_, given, code) => {
    tf.tidy(() => {
      const prototypes = { ...prototypesOf(clustering(8, 4)), ...given.prototypes };
      const query = given.query?.() ?? tf.zeros<tf.Rank.R2>([2, 4]);
      const call = () => prototypeNCE(query, prototypes, given.index ?? [0, 1], given.options);
      expect(call).toThrow(expect.objectContaining({ code }));
    });
  });

  test('refuses a concentration too few and one that is no vector of floats', () => {
    tf.tidy(() => {
      const prototypes = prototypesOf(clustering(8, 4));
      const query = tf.zeros<tf.Rank.R2>([1, 4]);
      const withConcentration = (concentration: tf.Tensor1D) => () =>
        prototypeNCE(query, { ...prototypes, concentration }, [0]);
      expect(withConcentration(tf.ones([7]))).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
      expect(withConcentration(tf.ones([8], 'int32'))).toThrow(
        expect.objectContaining({ code: 'INVALID_DTYPE' }),
      );
    });
  });
});
