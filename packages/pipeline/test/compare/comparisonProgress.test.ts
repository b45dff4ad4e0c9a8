import { describe, expect, test } from '@jest/globals';

import { ComparisonProgress } from '../../src/compare/comparisonProgress.js';
import { inParallel } from '../../src/compare/inParallel.js';
import type { PlannedRun } from '../../src/compare/planRuns.js';
import { spreadOf } from '../../src/compare/spread.js';

describe('ComparisonProgress', () => {
  test('tells how long the rest takes, if it takes as long as what has ended', () => {
    let seconds = 0;
    const lines: string[] = [];
    const progress = new ComparisonProgress({
      due: 5,
      total: 6,
      parallel: 2,
      log: (line) => lines.push(line),
      now: () => 1000 * seconds,
    });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }) as PlannedRun);
    progress.begin(a!, 'new');
    progress.begin(b!, 'trained');
    seconds = 100;
    progress.end(a!, { status: 'done', scores: { evaluations: {}, knn: 0.5 } });
    // None is left of b, and three wait.
    progress.begin(c!, 'begun');
    seconds = 140;
    progress.end(b!, { status: 'failed', reason: 'none' });
    // Two wait, and c has 40 of 120 seconds behind it.
    progress.end(c!, { status: 'stopped' });
    expect(lines).toEqual([
      'a begins',
      'b is trained; is judged',
      'a is done after 1:40 | kNN 50.0% | 2 of 6 | about 2:30 left',
      'c goes on',
      'b has FAILED after 2:20 | 3 of 6 | about 2:40 left',
      '  none',
      'c is stopped after 40 s, to go on later',
    ]);
  });
});

test('the last run has nothing beside it', () => {
  const lines: string[] = [];
  let seconds = 0;
  const log = (line: string) => lines.push(line);
  const progress = new ComparisonProgress({ due: 2, total: 2, parallel: 2, log, now: () => 1000 * seconds });
  const [a, b] = ['a', 'b'].map((name) => ({ name }) as PlannedRun);
  progress.begin(a!, 'new');
  seconds = 90;
  progress.begin(b!, 'new');
  seconds = 100;
  progress.end(a!, { status: 'done', scores: { evaluations: {} } });
  // Of 100 seconds, b has 10 behind it.
  expect(lines.at(-1)).toBe('a is done after 1:40 | 1 of 2 | about 1:30 left');
});

describe('inParallel', () => {
  test('begins in order, and no more than so many at a time', async () => {
    const begun: number[] = [];
    const waiting: (() => void)[] = [];
    const all = inParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await new Promise<void>((resolve) => waiting.push(resolve));
    });
    await Promise.resolve();
    expect(begun).toEqual([1, 2]);
    waiting[1]!();
    await new Promise(setImmediate);
    expect(begun).toEqual([1, 2, 3]);
    waiting[0]!();
    await new Promise(setImmediate);
    expect(begun).toEqual([1, 2, 3, 4]);
    for (const resolve of waiting) resolve();
    await all;
  });

  test('begins nothing more after the signal, or an error, which it throws at the end', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    await inParallel(
      [1, 2, 3],
      1,
      async (item) => {
        begun.push(item);
        controller.abort();
      },
      controller.signal,
    );
    expect(begun).toEqual([1]);
    const work = async (item: number) => {
      begun.push(item);
      throw new Error(`item ${item}`);
    };
    await expect(inParallel([4, 5, 6], 1, work)).rejects.toThrow('item 4');
    expect(begun).toEqual([1, 4]);
  });
});

test('a spread is the mean and the sample deviation', () => {
  // Of 2, 4, 4, 4, 5, 5, 7, 9 the squares of the differences from 5 sum up to 32.
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, deviation: Math.sqrt(32 / 7), n: 8 });
  expect(spreadOf([3])).toEqual({ mean: 3, deviation: null, n: 1 });
});
