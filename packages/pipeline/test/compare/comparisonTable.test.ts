import { expect, test } from '@jest/globals';
import type { ArmComparison } from '@protocl/pipeline';

import { markdownOf, missingIn, tableOf } from '../../src/compare/comparisonTable.js';
import { spreadOf } from '../../src/compare/spread.js';

/** An arm with some runs of these figures. */
function arm(name: string, runs: number, figures: Record<string, number[]>): ArmComparison {
  const spreads = Object.entries(figures).map(([figure, values]) => [figure, spreadOf(values)] as const);
  return {
    name,
    runs: Array.from({ length: runs }, (_, seed) => ({ seed, folder: `${name}/seed-${seed}`, figures: {} })),
    figures: Object.fromEntries(spreads),
  };
}

test('a table has a row for each arm, and the columns that some arm has a figure for', () => {
  const arms = [
    arm('long-name', 2, {
      'svm.meanAveragePrecision': [0.25, 0.25],
      'svm.accuracy': [0.5, 0.52],
      minutes: [1, 2],
    }),
    arm('b', 1, {
      'knn.accuracy@200': [0.123456],
      'clusters.adjustedMutualInformation@10': [0.2],
      minutes: [10],
    }),
    arm('c', 0, {}),
  ];
  const table = tableOf({ name: 'some', seeds: [0, 1], evaluators: ['knn', 'svm', 'clusters'], arms });
  expect(markdownOf(table)).toBe(
    [
      '| arm       |  seeds |     kNN % |        SVM % |     AMI % |   minutes |',
      '| --------- | -----: | --------: | -----------: | --------: | --------: |',
      '| long-name |      2 |         - | 51.00 ± 1.41 |         - | 1.5 ± 0.7 |',
      '| b         | 1 of 2 | 12.35 ± - |            - | 20.00 ± - |  10.0 ± - |',
      '| c         | 0 of 2 |         - |            - |         - |         - |',
    ].join('\n'),
  );
});

test('evaluators that give several scores have a column for each', () => {
  const arms = [
    arm('a', 1, {
      'lowShot.accuracy@1': [0.1],
      'lowShot.accuracy@1 deviation': [0.01],
      'lowShot.meanAveragePrecision@1': [0.15],
      'lowShot.accuracy@16': [0.3],
      'semiSupervised.top1@1%': [0.4],
      'semiSupervised.top1@10%': [0.5],
    }),
    arm('b', 1, { 'lowShot.accuracy@16': [0.2], 'linearProtocol.top1': [0.6], 'linearProtocol.loss': [2] }),
  ];
  expect(tableOf({ name: 'some', seeds: [0], evaluators: ['lowShot'], arms })).toEqual({
    columns: ['seeds', '1-shot %', '16-shot %', 'protocol %', '1% labels %', '10% labels %'],
    rows: [
      { arm: 'a', cells: ['1', '10.00 ± -', '30.00 ± -', '-', '40.00 ± -', '50.00 ± -'] },
      { arm: 'b', cells: ['1', '-', '20.00 ± -', '60.00 ± -', '-', '-'] },
    ],
  });
});

test('of images with several classes, the SVM is shown by its mean average precision', () => {
  const arms = [arm('a', 1, { 'svm.meanAveragePrecision': [0.5] })];
  const { columns } = tableOf({ name: 'some', seeds: [0], evaluators: ['svm'], arms });
  expect(columns).toEqual(['seeds', 'SVM mAP %']);
});

test('a figure that some runs lack says of how many it is, and why is told once for each reason', () => {
  const one = arm('one', 3, { 'knn.accuracy@5': [0.5, 0.5, 0.5], 'svm.accuracy': [0.25, 0.75] });
  const failures = { svm: 'a class has too few samples.' };
  const runs = one.runs.map((run) => (run.seed === 2 ? { ...run, failures } : run));
  const two = { ...arm('two', 1, {}), runs: [{ seed: 0, folder: 'two/seed-0', figures: {}, failures }] };
  const comparison = {
    name: 'some',
    seeds: [0, 1, 2],
    evaluators: ['knn', 'svm'] as const,
    arms: [{ ...one, runs }, two],
  };
  expect(tableOf(comparison).rows.map(({ cells }) => cells)).toEqual([
    ['3', '50.00 ± 0.00', '50.00 ± 35.36 (2 of 3)'],
    ['1 of 3', '-', '-'],
  ]);
  expect(missingIn(comparison)).toEqual([
    'one/seed-2, two/seed-0: SVM, no scores: a class has too few samples.',
  ]);
});
