import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Comparison, FeatureScores } from '@protocl/pipeline';

import { protocl, tinyGrid } from './tinyGrid.js';

jest.setTimeout(300_000);

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-missing-'));
});
afterAll(() => rm(parent, { recursive: true }));

async function json<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(parent, 'out', ...path), 'utf8')) as T;
}

test('an evaluator that cannot judge leaves the others alone, and is tried again without training', async () => {
  const grid = await tinyGrid(parent);
  const file = join(parent, 'grid.json');
  const arms = { pcl: grid.arms['pcl'] };
  await writeFile(file, JSON.stringify({ ...grid, arms, seeds: [3], evaluators: ['knn', 'lowShot'] }));
  const compared = (...more: string[]) =>
    protocl('compare', file, '--out', join(parent, 'out'), '--no-encoder', ...more);

  const first = await compared('--set=evaluation.lowShot.shots=[1,1000]');
  expect(first.code).toBe(3);
  expect(first.stdout).toMatch(/^\| pcl +\| +1 \| +[\d.]+ ± - \|/m);
  expect(first.stdout).toMatch(/^- pcl\/seed-3: low-shot, no scores: .*--shots/m);
  expect(first.stderr).toMatch(/is done after .*\| no scores: lowShot \|/);
  expect(first.stderr).toMatch(/^error: some evaluators have no scores of pcl\/seed-3/m);
  expect(await readFile(join(parent, 'out', 'comparison.md'), 'utf8')).toContain(first.stdout);
  const scores = await json<FeatureScores>('pcl/seed-3/evaluation.json');
  expect(Object.keys(scores.evaluations)).toEqual(['knn']);
  expect(scores.failures).toMatchObject({ lowShot: { code: 'TOO_FEW_SAMPLES' } });
  const { arms: before } = await json<Comparison>('comparison.json');
  expect(before[0]!.runs[0]!.failures).toEqual({ lowShot: expect.stringContaining('too few images') });

  const trained = (await stat(join(parent, 'out/pcl/seed-3/summary.json'))).mtimeMs;
  const second = await compared('--set=evaluation.lowShot.shots=[1,2]');
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('is trained; is judged')]);
  expect(second.stdout).toMatch(/1-shot % \| +2-shot %/);
  expect((await stat(join(parent, 'out/pcl/seed-3/summary.json'))).mtimeMs).toBe(trained);
  const again = await json<FeatureScores>('pcl/seed-3/evaluation.json');
  expect(again.evaluations.knn).toEqual(scores.evaluations.knn);
  expect(again.failures).toEqual({});

  // Scores of other settings are none of these.
  const third = await compared('--set=evaluation.lowShot.shots=[1]');
  expect([third.code, third.stdout]).toEqual([0, expect.not.stringContaining('2-shot')]);
});
