import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import {
  adjustedMutualInformation,
  adjustedRandIndex,
  clusterPurity,
  normalizedMutualInformation,
} from '@protocl/clustering';

interface Scores {
  readonly assignments: readonly number[];
  readonly labels: readonly number[];
  readonly purity: number;
  readonly normalizedMutualInformation: number;
  readonly adjustedMutualInformation: number;
  readonly adjustedRandIndex: number;
}

const { scores } = JSON.parse(
  await readFile(new URL('fixtures/clusterScores.json', import.meta.url), 'utf8'),
) as { readonly scores: Readonly<Record<string, Scores>> };

describe.each(Object.entries(scores))(
  'clusters and classes that are %s have the scores of scikit-learn',
  (_, given) => {
    const { assignments, labels } = given;

    test('purity', () => {
      expect(clusterPurity(assignments, labels)).toBeCloseTo(given.purity, 12);
    });

    test('normalised mutual information', () => {
      expect(normalizedMutualInformation(assignments, labels)).toBeCloseTo(
        given.normalizedMutualInformation,
        10,
      );
    });

    test('adjusted mutual information', () => {
      expect(adjustedMutualInformation(assignments, labels)).toBeCloseTo(given.adjustedMutualInformation, 9);
    });

    test('adjusted Rand index', () => {
      expect(adjustedRandIndex(assignments, labels)).toBeCloseTo(given.adjustedRandIndex, 10);
    });
  },
);

describe.each([clusterPurity, normalizedMutualInformation, adjustedMutualInformation, adjustedRandIndex])(
  '%p',
  (score) => {
    test('does not look at names', () => {
      const assignments = Int32Array.of(7, 7, 7, 900, 900, -3);
      const labels = Uint8Array.of(1, 1, 0, 0, 0, 2);
      const renamed = assignments.map((cluster) => 5 - cluster);
      expect(score(renamed, labels)).toBeCloseTo(score(assignments, labels), 12);
    });

    test.each([
      ['nothing', [], []],
      ['different lengths', [1, 2], [1]],
    ])('refuses %s', (_, assignments, labels) => {
      expect(() => score(assignments, labels)).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
    });
  },
);
