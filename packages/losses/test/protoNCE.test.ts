import { expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { infoNCE, protoNCE, prototypeNCE } from '@protocl/losses';

import { describeOnEveryBackend } from './everyBackend.js';
import { naiveGradient, naiveInfoNCE, naivePrototypeNCE } from './naiveLosses.js';
import type { NaivePrototypes } from './naiveLosses.js';
import { expectLoss, matrix, near, prototypesOf, unitRows, valueOf } from './samples.js';

const INDEX = [5, 0, 9, 5, 2];
const QUERY = unitRows(INDEX.length, 6, 'query');
const KEY = near(QUERY, 0.7, 'key');
const QUEUE = unitRows(11, 6, 'queue');
const GRANULARITIES: NaivePrototypes[] = [4, 9, 20].map((k) => ({
  centroids: unitRows(k, 6, `centroids ${k}`),
  assignments: [...randomStream({ seed: k, purpose: 'assignments' }).integers(10, k)],
  concentration: Array.from({ length: k }, (_, j) => Math.fround(0.1 + 0.02 * j)),
}));

describeOnEveryBackend('protoNCE', () => {
  test.each([undefined, 0, 0.25])(
    'is InfoNCE plus the weighted mean over granularities: weight %s',
    (weight) => {
      const naive = (q: number[][]) =>
        naiveInfoNCE(q, KEY, QUEUE, 0.2) +
        ((weight ?? 1) / 3) *
          GRANULARITIES.reduce(
            (sum, granularity) => sum + naivePrototypeNCE(q, granularity, INDEX, 'merge'),
            0,
          );
      tf.tidy(() => {
        const [key, queue, prototypes] = [matrix(KEY), matrix(QUEUE), GRANULARITIES.map(prototypesOf)];
        const options = { temperature: 0.2, ...(weight !== undefined && { prototypeWeight: weight }) };
        expectLoss((q) => protoNCE(q, key, queue, prototypes, INDEX, options), [QUERY], {
          value: naive(QUERY),
          gradients: [naiveGradient(naive, QUERY)],
        });
      });
    },
  );

  test('draws for one granularity after the other from one stream', () => {
    tf.tidy(() => {
      const [query, key, queue] = [QUERY, KEY, QUEUE].map(matrix) as [Tensor2D, Tensor2D, Tensor2D];
      const prototypes = GRANULARITIES.slice(1).map(prototypesOf);
      const stream = () => randomStream({ seed: 1, purpose: 'negatives' });
      const together = protoNCE(query, key, queue, prototypes, INDEX, {
        temperature: 0.2,
        prototypeNegatives: 4,
        rng: stream(),
        duplicates: 'keep',
      });
      const rng = stream();
      const terms = prototypes.map((granularity) =>
        valueOf(prototypeNCE(query, granularity, INDEX, { negatives: 4, rng, duplicates: 'keep' })),
      );
      const instance = valueOf(infoNCE(query, key, queue, { temperature: 0.2 }));
      expect(valueOf(together)).toBeCloseTo(instance + (terms[0]! + terms[1]!) / 2, 5);
    });
  });

  test('without granularities it is InfoNCE', () => {
    tf.tidy(() => {
      const [query, key, queue] = [QUERY, KEY, QUEUE].map(matrix) as [Tensor2D, Tensor2D, Tensor2D];
      const alone = protoNCE(query, key, queue, [], [], { temperature: 0.2 });
      expect(valueOf(alone)).toBe(valueOf(infoNCE(query, key, queue, { temperature: 0.2 })));
    });
  });

  test('leaves no tensor behind under variableGrads', () => {
    const [images, queue] = [matrix(unitRows(5, 7, 'images')), matrix(QUEUE)];
    const prototypes = GRANULARITIES.map(prototypesOf);
    const [ofQuery, ofKey] = ['query', 'key'].map((name) => tf.variable(matrix(unitRows(7, 6, name))));
    const before = tf.memory();
    for (let repetition = 0; repetition < 3; repetition++) {
      const { value, grads } = tf.variableGrads(
        () =>
          protoNCE(
            tf.matMul(images, ofQuery as Tensor2D),
            tf.matMul(images, ofKey as Tensor2D),
            queue,
            prototypes,
            INDEX,
            { temperature: 0.2 },
          ),
        [ofQuery!, ofKey!],
      );
      expect(Object.keys(grads)).toEqual([ofQuery!.name]);
      tf.dispose([value, grads]);
    }
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose([images, queue, ofQuery!, ofKey!]);
    for (const { centroids, concentration } of prototypes) tf.dispose([centroids, concentration]);
  });

  test.each([-1, NaN, Infinity])('refuses a weight of %d', (prototypeWeight) => {
    tf.tidy(() => {
      const [query, key, queue] = [QUERY, KEY, QUEUE].map(matrix) as [Tensor2D, Tensor2D, Tensor2D];
      expect(() => protoNCE(query, key, queue, [], [], { temperature: 0.2, prototypeWeight })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    });
  });
});
