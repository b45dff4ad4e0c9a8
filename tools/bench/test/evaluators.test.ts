import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { evaluatorCases, evaluatorTasks, type EvaluatorName } from '../evaluators/cases.js';
import { checkScores } from '../evaluators/scores.js';
import { blobFiles, writeBlobs } from '../evaluators/writeBlobs.js';
import type { Sides } from '../harness/comparison.js';
import { parseOptions } from '../options.js';
import { FakeSides } from './fakeSides.js';

const execute = promisify(execFile);
const main = join(import.meta.dirname, '../main.ts');
const small = ['--tiny', '--backend', 'wasm', '--no-peer', '--samples', '2', '--threads', '1'];

test('the evaluators benchmark runs without a peer', async () => {
  const args = ['--conditions=@protocl/source', '--import', 'tsx', main, 'evaluators', ...small];
  const { stdout, stderr } = await execute(process.execPath, args);
  const names = stdout.split('\n').map((line) => line.split(' ')[0]);
  const cases = ['ami/150', 'knn/150x8', 'logistic/150x8', 'svm/150x8', 'tsne/150x8'];
  expect(names).toEqual(['case', ...cases.map((name) => `${name}/threads-1`), '']);
  expect(stderr).toMatch(/svm\/150x8\/scores: ours accuracy 0\.\d+, objective \d+\.\d+; no peer/);
}, 180_000);

test('the full sizes are those that are promised', () => {
  const options = parseOptions(['evaluators', '--threads', '1']);
  const tasks = evaluatorTasks(options);
  expect(tasks.map(({ evaluator, n }) => `${evaluator} ${n}`)).toEqual([
    ...['ami 10000', 'knn 10000', 'logistic 10000', 'svm 10000', 'tsne 10000'],
    ...['ami 50000', 'knn 50000', 'logistic 50000', 'svm 50000'],
  ]);
  for (const task of tasks) expect(task).toMatchObject({ dimension: 512, classes: 10 });
  expect(evaluatorCases('folder', options).map(({ limit }) => limit)).toEqual(tasks.map(() => 1));
});

test('the peer is tried in all ways that it has', () => {
  const cases = evaluatorCases('folder', parseOptions(['evaluators', '--threads', '1,2']), [
    'SkylakeX',
    'Haswell',
  ]);
  const waysOf = (name: string) =>
    cases.find((one) => one.name === name)!.peers.map(({ variant }) => variant);
  expect(waysOf('knn/10000x512/threads-1')).toEqual([
    ...['euclidean', 'cosine', 'faiss, SkylakeX kernels', 'faiss, kernels as found', 'torch'],
  ]);
  expect(waysOf('svm/10000x512/threads-1')).toEqual(['primal', 'dual']);
  expect(waysOf('svm/10000x512/threads-2')).toEqual(['primal', 'dual', 'classes at once']);
  expect(waysOf('logistic/10000x512/threads-2')).toEqual(['lbfgs', 'newton-cg', 'newton-cholesky']);
  expect(waysOf('tsne/10000x512/threads-2')).toEqual(['']);
});

test('features have length 1, labels and clusters are in range, and most clusters lie within a class', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
  try {
    await writeBlobs(folder, { n: 200, heldOut: 20, dimension: 40, classes: 4, clusters: 12 });
    const files = blobFiles(folder);
    const read = async (path: string) => new Uint8Array(await readFile(path)).buffer;
    const features = new Float32Array(await read(files.features));
    const labels = new Int32Array(await read(files.labels));
    const clusters = new Int32Array(await read(files.clusters));
    expect([features.length, labels.length, clusters.length]).toEqual([220 * 40, 220, 200]);
    for (let row = 0; row < 220; row++) {
      expect(Math.hypot(...features.subarray(40 * row, 40 * row + 40))).toBeCloseTo(1, 5);
    }
    expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3]));
    expect(Math.max(...clusters)).toBeLessThan(12);
    const within = clusters.filter((cluster, i) => Math.floor(cluster / 3) === labels[i]).length;
    expect(within).toBeGreaterThan(130);
    expect(within).toBeLessThan(190);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('checkScores', () => {
  let fakes: FakeSides;
  beforeEach(() => {
    fakes = new FakeSides();
  });
  afterEach(() => fakes.dispose());

  const options = parseOptions(['evaluators']);
  const check = (evaluator: EvaluatorName, ours: string, peer: string, tiny = false) => {
    const side = (name: string, scores: string) => ({
      ...fakes.side(name),
      environment: { FAKE_SCORES: scores },
    });
    const sides: Sides = { ours: side('ours', ours), peer: side('peer', peer), peerName: 'Fake 1.0' };
    const task = evaluatorTasks(options).find((one) => one.evaluator === evaluator)!;
    return checkScores(task, 'folder', sides, { ...options, tiny });
  };

  test.each<[EvaluatorName, string, string]>([
    ['knn', '[0.896]', '[0.9]'],
    ['svm', '[0.9, 100]', '[0.8, 99.95]'],
    ['tsne', '[2.01, 0.99]', '[2, 0.995]'],
    ['tsne', '[1.5, 1]', '[2, 0.9]'],
  ])('scores of %s that are %s for %s are as good', async (evaluator, ours, peer) => {
    expect(await check(evaluator, ours, peer)).toMatch(/scores: ours .*; Fake 1\.0 /);
  });

  test.each<[EvaluatorName, string, string, string]>([
    ['knn', '[0.89]', '[0.9]', 'BENCH_DISAGREEMENT'],
    ['svm', '[0.9, 101]', '[0.9, 100]', 'BENCH_DISAGREEMENT'],
    ['tsne', '[2, 0.97]', '[2, 0.99]', 'BENCH_DISAGREEMENT'],
    ['ami', '[0.50001]', '[0.5]', 'BENCH_DISAGREEMENT'],
    ['logistic', '[0.9]', '[0.9]', 'BENCH_MEASUREMENT_MISSING'],
    ['knn', '[0.9]', '[null]', 'BENCH_MEASUREMENT_MISSING'],
  ])('scores of %s that are %s for %s are not', async (evaluator, ours, peer, code) => {
    await expect(check(evaluator, ours, peer)).rejects.toMatchObject({ code });
  });

  test('of few samples, only what is computed and not found has to agree', async () => {
    expect(await check('knn', '[0.5]', '[0.9]', true)).toMatch(/knn/);
    await expect(check('ami', '[0.5]', '[0.9]', true)).rejects.toMatchObject({ code: 'BENCH_DISAGREEMENT' });
  });
});
