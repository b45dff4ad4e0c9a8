import { describe, expect, test } from '@jest/globals';

import { seriesOfLog, thinned } from '../src/series/runSeries.js';
import { sampleLog } from './sampleRuns.js';

describe('seriesOfLog', () => {
  test('has every number of the log, over the epochs trained', () => {
    const series = seriesOfLog(sampleLog({ epochs: 2 }));
    expect(series.map(({ group, name }) => `${group}/${name}`).sort()).toEqual([
      'E-step/objective@4',
      'E-step/objective@8',
      'E-step/seconds',
      'epoch/loss',
      'epoch/resident memory (MiB)',
      'epoch/seconds',
      'epoch/tensors',
      'evaluation/knn',
      'evaluation/seconds',
      'training/Acc@Inst',
      'training/imagesPerSecond',
      'training/infoNCE',
      'training/learningRate',
      'training/loss',
    ]);
    const of = (name: string) => series.find((each) => `${each.group}/${each.name}` === name)!.points;
    expect(of('evaluation/knn')).toEqual([
      [0, 0.25],
      [1, 0.3],
      [2, 0.4],
    ]);
    expect(of('epoch/resident memory (MiB)')).toEqual([
      [1, 256],
      [2, 256],
    ]);
    expect(of('training/learningRate').map(([epochs]) => epochs)).toEqual([
      0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2,
    ]);
  });

  test('forgets what a resumed run measures again', () => {
    const step = (epoch: number, at: number, loss: number) => ({
      type: 'step',
      epoch,
      step: at,
      stepsPerEpoch: 10,
      loss,
    });
    const log = [
      { type: 'start', epoch: 0, step: 0, stepsPerEpoch: 10 },
      step(0, 5, 3),
      step(1, 0, 2),
      step(1, 5, 1.5),
      { type: 'start', epoch: 1, step: 0, stepsPerEpoch: 10, resumedFrom: 'x' },
      step(1, 5, 1.4),
    ];
    expect(seriesOfLog(log)).toEqual([
      {
        group: 'training',
        name: 'loss',
        points: [
          [0.5, 3],
          [1, 2],
          [1.5, 1.4],
        ],
      },
    ]);
  });

  test('passes over what is no number', () => {
    expect(seriesOfLog([{ type: 'step', epoch: 0, loss: null }, { type: 'else', value: 3 }, {}])).toEqual([]);
  });
});

describe('thinned', () => {
  test('keeps short series, and takes means of long ones', () => {
    const points = Array.from({ length: 10 }, (_, at) => [at, at % 2] as const);
    expect(thinned(points, 10)).toBe(points);
    expect(thinned(points, 5)).toEqual([0, 1, 2, 3, 4].map((pair) => [2 * pair + 0.5, 0.5]));
    expect(thinned(points, 3)).toEqual([
      [1.5, 0.5],
      [5.5, 0.5],
      [8.5, 0.5],
    ]);
  });
});
