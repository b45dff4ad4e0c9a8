import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { infoNCE, protoNCE, prototypeNCE } from '@protocl/losses';

import { describeOnEveryBackend } from './everyBackend.js';
import { naiveGradient, naiveInfoNCE, naivePrototypeNCE } from './naiveLosses.js';
import type { NaivePrototypes, Rows } from './naiveLosses.js';
import { expectLoss, matrix, prototypesOf, valueOf } from './samples.js';

interface GoldenCase {
  seed: number;
  temperature: number;
  uniqueClusters: boolean;
  query: Rows;
  key: Rows;
  queue: Rows;
  index: number[];
  prototypes: NaivePrototypes[];
  infoNCE: number;
  infoNCEGradQuery: Rows;
  protoNCEPerGranularity: number[];
  loss: number;
}

const fixture = new URL('./fixtures/protonce.json', import.meta.url);
const cases = JSON.parse(await readFile(fixture, 'utf8')) as GoldenCase[];

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('the fixture has a case whose batch shares clusters and one whose batch does not', () => {
  expect(new Set(cases.map((golden) => golden.uniqueClusters))).toEqual(new Set([true, false]));
});

test.each(cases)('the naive loop of ProtoNCE equals the original implementation, seed $seed', (golden) => {
  const { query, index, prototypes } = golden;
  prototypes.forEach((granularity, m) => {
    const value = naivePrototypeNCE(query, granularity, index, 'keep');
    expect(Math.abs(value - golden.protoNCEPerGranularity[m]!)).toBeLessThan(1e-5);
  });
});

describeOnEveryBackend('the original implementation', () => {
  test.each(cases)('infoNCE: value and gradient, seed $seed', (golden) => {
    const { query, key, queue, temperature } = golden;
    tf.tidy(() => {
      const [k, negatives] = [matrix(key), matrix(queue)];
      expectLoss((q) => infoNCE(q, k, negatives, { temperature }), [query], {
        value: golden.infoNCE,
        gradients: [golden.infoNCEGradQuery.flat()],
      });
    });
  });

  test.each(cases)('prototypeNCE of each granularity, seed $seed', ({ query, index, ...golden }) => {
    golden.prototypes.forEach((granularity, m) => {
      // Where no two images share a cluster, both ways are the same.
      for (const duplicates of golden.uniqueClusters ? (['keep', 'merge'] as const) : (['keep'] as const)) {
        tf.tidy(() => {
          const prototypes = prototypesOf(granularity);
          expectLoss((q) => prototypeNCE(q, prototypes, index, { duplicates }), [query], {
            value: golden.protoNCEPerGranularity[m]!,
            gradients: [naiveGradient((q) => naivePrototypeNCE(q, granularity, index, 'keep'), query)],
          });
        });
      }
    });
  });

  test.each(cases)('protoNCE: value and gradient, seed $seed', (golden) => {
    const { query, key, queue, index, prototypes, temperature } = golden;
    const naive = (q: Rows) =>
      naiveInfoNCE(q, key, queue, temperature) +
      mean(prototypes.map((granularity) => naivePrototypeNCE(q, granularity, index, 'keep')));
    tf.tidy(() => {
      const [k, negatives] = [matrix(key), matrix(queue)];
      const granularities = prototypes.map(prototypesOf);
      expectLoss(
        (q) => protoNCE(q, k, negatives, granularities, index, { temperature, duplicates: 'keep' }),
        [query],
        { value: golden.loss, gradients: [naiveGradient(naive, query)] },
      );
    });
  });

  test('merge differs from keep where a batch shares clusters', () => {
    const { query, index, prototypes } = cases.find((golden) => !golden.uniqueClusters)!;
    tf.tidy(() => {
      const granularity = prototypesOf(prototypes[0]!);
      const merged = valueOf(prototypeNCE(matrix(query), granularity, index));
      const kept = valueOf(prototypeNCE(matrix(query), granularity, index, { duplicates: 'keep' }));
      expect(merged).toBeLessThan(kept - 0.1);
    });
  });
});
