import { describe, expect, test } from '@jest/globals';

import { confusionFigure } from '../src/figures/confusionFigure.js';
import { curveFigures } from '../src/figures/curveFigures.js';
import { histogram } from '../src/figures/histogramFigure.js';
import { scoreTables } from '../src/figures/scoreTables.js';
import { treeFigure } from '../src/figures/treeFigure.js';
import { sampleRun } from './sampleRuns.js';

describe('curveFigures', () => {
  test('puts the granularities of a number, and several runs, into one figure', () => {
    const figures = curveFigures([sampleRun(), sampleRun({ name: 'other' })]);
    const names = (id: string) => {
      const series = figures.find((figure) => figure.id === id)!.option['series'] as { name: string }[];
      return series.map(({ name }) => name);
    };
    expect(names('training-loss')).toEqual(['sample', 'other']);
    expect(names('e-step-objective')).toEqual([
      'sample, k = 4',
      'sample, k = 8',
      'other, k = 4',
      'other, k = 8',
    ]);
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
    expect(figures[0]!.group).toBe('evaluation');
  });

  test('gives numbers whose names differ in signs alone files of their own', () => {
    const log = [{ type: 'step', epoch: 0, step: 1, stepsPerEpoch: 2, figures: { 'a b': 1, 'a-b': 2 } }];
    expect(curveFigures([{ name: 'x', log }]).map(({ id }) => id)).toEqual([
      'training-a-b',
      'training-a-b-2',
    ]);
  });
});

describe('histogram', () => {
  test('counts as a loop over the bins does', () => {
    const lists = [
      [0, 1, 2, 3, 4],
      [4, 4, 0.5],
    ];
    const { edges, counts } = histogram(lists, 4);
    expect(edges).toEqual([0, 1, 2, 3, 4]);
    const naive = lists.map((values) =>
      [0, 1, 2, 3].map(
        (bin) =>
          values.filter((value) => value >= bin && (value < bin + 1 || (bin === 3 && value === 4))).length,
      ),
    );
    expect(counts).toEqual(naive);
  });

  test('has a bin for values that are all the same, and none for no values', () => {
    expect(histogram([[2, 2, 2]], 3).counts).toEqual([[3, 0, 0]]);
    expect(histogram([[]], 3)).toEqual({ edges: [], counts: [[]] });
  });
});

test('confusionFigure has the share of each true class in percent', () => {
  const view = {
    protocol: 'kNN',
    classNames: ['a', 'b'],
    counts: [
      [3, 1],
      [0, 0],
    ],
  };
  const [{ data }] = confusionFigure('id', view).option['series'] as [{ data: unknown }];
  expect(data).toEqual([
    [0, 0, 75],
    [1, 0, 25],
    [0, 1, 0],
    [1, 1, 0],
  ]);
});

describe('scoreTables', () => {
  test('have the protocol that the configuration gives for a score', () => {
    const [knn, linear, purity] = scoreTables(sampleRun());
    expect(knn).toEqual({
      title: 'knn accuracy',
      protocol: 'on held-out images, features backbone, k 200, temperature 0.1',
      columns: ['random encoder', 'after warm-up', 'final'],
      rows: [{ name: '%', values: ['25.00', null, '61.23'] }],
    });
    expect(linear!.protocol).toBe('on held-out images, features backbone, l2 0.0001');
    expect(purity!.rows).toEqual([{ name: 'k = 4', values: ['50.00'] }]);
  });

  test('come from nothing where there is nothing', () => {
    expect(scoreTables({ name: 'x', log: [] })).toEqual([]);
  });
});

test('treeFigure shows as many of the largest prototypes as one can tell apart', () => {
  const roots = Array.from({ length: 100 }, (_, at) => ({ name: `p${at}`, size: at }));
  const figure = treeFigure('id', roots)!;
  expect(figure.title).toBe('Prototype tree: the 60 largest of 100');
  const [{ data }] = figure.option['series'] as [{ data: [{ children: { name: string }[] }] }];
  expect(data[0].children[0]!.name).toBe('p99');
  expect(treeFigure('id', [])).toBeUndefined();
});
