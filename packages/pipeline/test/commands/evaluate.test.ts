import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import { evaluate, runCommandLine, type EvaluateOptions } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { writeFeatures } from '../../src/commands/featureFile.js';
import { holdOut } from '../../src/commands/labelledFeatures.js';
import { decodeNpy, encodeNpy } from '../../src/commands/npy.js';
import { recorder } from '../recorder.js';

/** t-SNE takes its 1000 steps, which is long where other work is going on. */
jest.setTimeout(120_000);

const [CLASSES, SIZE] = [3, 8];

let folder: string;
let tensorsBefore: number;
const at = (name: string) => join(folder, name);

/** Features around a direction for each class. */
function scattered(count: number, seed: number) {
  const centers = randomStream({ seed: 1, purpose: 'centers' }).normal(CLASSES * SIZE);
  const random = randomStream({ seed, purpose: 'points' });
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const features = random.normal(count * SIZE).map((value, i) => {
    return 0.7 * value + 2 * centers[labels[Math.floor(i / SIZE)]! * SIZE + (i % SIZE)]!;
  });
  return { features, shape: [count, SIZE] as const, labels };
}

const train = scattered(90, 2);
const held = scattered(45, 3);
/** The first class and the third, each image in its own. */
const multi = Int32Array.from({ length: 90 * 2 }, (_, i) => {
  const label = train.labels[Math.floor(i / 2)];
  return (i % 2 === 0 ? label === 0 : label !== 1) ? 1 : -1;
});

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
  folder = await mkdtemp(join(tmpdir(), 'protocl-evaluate-'));
  await writeFeatures(at('train.npy'), train);
  await writeFeatures(at('held.safetensors'), held);
  await writeFile(at('bare.npy'), encodeNpy({ data: train.features, shape: train.shape }));
  await writeFile(at('labels.npy'), encodeNpy({ data: train.labels, shape: [90] }));
  await writeFile(at('multi.npy'), encodeNpy({ data: multi, shape: [90, 2] }));
  await writeFile(at('short.npy'), encodeNpy({ data: held.labels, shape: [45] }));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

const wasm: EvaluateOptions = { backend: 'wasm' };

async function protocl(...args: string[]) {
  const lines: string[] = [];
  const { output, text } = recorder(false);
  const code = await runCommandLine(args, {
    print: (line) => void lines.push(line),
    output,
  });
  return { code, stdout: lines.join('\n'), stderr: text() };
}

describe('evaluate of files', () => {
  test('judges by kNN and the linear probe, with the settings', async () => {
    const found = await evaluate(at('train.npy'), { ...wasm, test: at('held.safetensors') });
    expect(found.knn).toBeGreaterThan(0.9);
    expect(found.linear).toBeGreaterThan(0.9);
    expect(Object.keys(found.evaluations)).toEqual(['knn', 'linear']);
    // Fewer training images than the 200 neighbours that are usual.
    expect(found.evaluations.knn?.settings).toEqual({ k: [90], temperature: 0.1 });
    expect(found.checkpoint).toBeUndefined();
  });

  test('takes labels from a file, and sets every fifth feature aside', async () => {
    const beside = await evaluate(at('train.npy'), wasm);
    const named = await evaluate(at('bare.npy'), { ...wasm, labels: at('labels.npy') });
    expect(named).toEqual(beside);
    const { train: rest, test: aside } = holdOut(train, 0);
    expect([rest.shape, aside.shape]).toEqual([
      [72, SIZE],
      [18, SIZE],
    ]);
    const rows = [rest, aside].flatMap(({ features, shape }) =>
      Array.from({ length: shape[0] }, (_, row) => features.slice(row * SIZE, (row + 1) * SIZE).join()),
    );
    const all = Array.from({ length: 90 }, (_, row) =>
      train.features.slice(row * SIZE, (row + 1) * SIZE).join(),
    );
    expect(rows.sort()).toEqual(all.sort());
  });

  test('runs the SVM on images that show several classes', async () => {
    const options = { ...wasm, labels: at('multi.npy'), evaluators: ['svm'] } as const;
    const { evaluations } = await evaluate(at('bare.npy'), options);
    expect(evaluations.svm?.scores['meanAveragePrecision']).toBeGreaterThan(0.9);
    expect(evaluations.svm?.scores).not.toHaveProperty('accuracy');
    const others = await evaluate(at('bare.npy'), { ...options, evaluators: ['knn', 'svm', 'clusters'] });
    expect(others.evaluations).toEqual(evaluations);
    expect(others.failures).toMatchObject({
      knn: { code: 'INVALID_OPTION', message: expect.stringContaining('--svm') },
      clusters: { code: 'INVALID_OPTION' },
    });
  });

  test.each<[string, EvaluateOptions, string]>([
    ['bare.npy', {}, 'INVALID_FEATURES'],
    ['train.npy', { labels: 'short.npy' }, 'INVALID_FEATURES'],
    ['train.npy', { labels: 'none.npy' }, 'INVALID_FEATURES'],
    ['train.npy', { labels: 'bare.npy' }, 'INVALID_FEATURES'],
    ['no-checkpoint', { labels: 'labels.npy' }, 'INVALID_OPTION'],
  ])('refuses %s with %j', async (name, { labels }, code) => {
    const options = { ...wasm, ...(labels !== undefined && { labels: at(labels) }) };
    await expect(evaluate(at(name), options)).rejects.toMatchObject({ code });
  });
});

describe('a class with two images', () => {
  beforeAll(async () => {
    // The third class keeps two of its samples.
    const rows = [...train.labels.keys()].filter((row) => train.labels[row] !== 2 || row < 6);
    const features = Float32Array.from(
      rows.flatMap((row) => [...train.features.subarray(row * SIZE, (row + 1) * SIZE)]),
    );
    const labels = Int32Array.from(rows, (row) => train.labels[row]!);
    await writeFeatures(at('rare.npy'), { features, shape: [rows.length, SIZE], labels });
  });
  const call = (...flags: string[]) =>
    protocl('evaluate', at('rare.npy'), '--test', at('held.safetensors'), '--backend', 'wasm', ...flags);

  test('leaves the evaluators that can do with it alone, and tells why the others cannot', async () => {
    const { code, stdout, stderr } = await call('--knn', '--linear', '--svm', '--low-shot');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^kNN accuracy +[\d.]+%$/m);
    expect(stdout).toMatch(/^linear accuracy +[\d.]+%$/m);
    expect(stdout).toMatch(/^SVM +no scores: .*2 samples with.*--cost 0\.1 or --folds 2/m);
    expect(stdout).toMatch(/^low-shot +no scores: .*class 2.*shots: 1, 2.*--shots 1,2/m);
    expect(stderr).toMatch(/^error: no scores: SVM, low-shot\./m);
    const json = await call('--knn', '--svm', '--json');
    const found = JSON.parse(json.stdout) as Awaited<ReturnType<typeof evaluate>>;
    expect([json.code, Object.keys(found.evaluations)]).toEqual([3, ['knn']]);
    expect(found.failures).toEqual({ svm: expect.objectContaining({ code: 'TOO_FEW_SAMPLES' }) });
  });

  test('is enough with the flags that the messages name', async () => {
    const flags = ['--svm', '--low-shot', '--shots', '1,2', '--json'];
    for (const enough of [['--cost', '0.1'], ['--folds', '2'], ['--set=evaluation.svm.cost=0.1']]) {
      const { code, stdout } = await call(...flags, ...enough);
      expect(code).toBe(0);
      const { evaluations, failures } = JSON.parse(stdout) as Awaited<ReturnType<typeof evaluate>>;
      expect(Object.keys(evaluations)).toEqual(['svm', 'lowShot']);
      expect(failures).toBeUndefined();
      expect(evaluations.lowShot?.settings['shots']).toEqual([1, 2]);
      if (enough[0] === '--folds') expect(evaluations.svm?.settings['folds']).toBe(2);
      else expect(evaluations.svm?.settings['cost']).toBe(0.1);
    }
  });

  test('is an error where no evaluator has scores; what is printed says why', async () => {
    const { code, stdout } = await call('--svm');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^SVM +no scores: /);
  });
});

describe('settings for features from a file', () => {
  test('are those of a configuration, with the same errors', async () => {
    const file = at('train.npy');
    const { evaluations } = await evaluate(file, {
      ...wasm,
      changes: [{ origin: 'test', values: { evaluation: { knn: { k: 3 } } } }],
    });
    expect(evaluations.knn?.settings).toMatchObject({ k: [3] });
    const { code, stderr } = await protocl('evaluate', file, '--svm', '--set=evaluation.svm.fold=2');
    expect(code).toBe(2);
    expect(stderr).toMatch(/evaluation\.svm\.folds/);
    expect((await protocl('evaluate', file, '--set=training.epochs=2')).code).toBe(2);
  });
});

test.each([
  ['NaN', NaN],
  ['-Infinity', -Infinity],
])('%s is told by its place in the file', async (name, value) => {
  const features = Float32Array.from(train.features);
  features[17 * SIZE + 5] = value;
  for (const file of ['broken.npy', 'broken.safetensors']) {
    await writeFeatures(at(file), { ...train, features });
    const { code, stdout, stderr } = await protocl('evaluate', at(file), '--knn', '--json');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${at(file)} holds a value that is no finite number, in row 17, column 5`);
    expect(stderr).toContain(`Given: ${name}.`.replace('Given', 'given'));
  }
});

describe('protocl evaluate of files', () => {
  test('prints a table of the evaluators that are named', async () => {
    const flags = ['--svm', '--low-shot', '--clusters', '3,5', '--backend', 'wasm'];
    const { code, stdout } = await protocl(
      'evaluate',
      at('train.npy'),
      '--test',
      at('held.safetensors'),
      ...flags,
    );
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/kNN|linear/);
    expect(stdout).toMatch(/^SVM mean average precision +[\d.]+%$/m);
    expect(stdout).toMatch(/^SVM accuracy +[\d.]+%$/m);
    for (const k of [1, 2, 4, 8, 16]) {
      expect(stdout).toMatch(new RegExp(`^low-shot accuracy \\(${k}\\) +[\\d.]+%$`, 'm'));
      expect(stdout).toMatch(new RegExp(`^low-shot accuracy \\(${k}\\) deviation +[\\d.]+%$`, 'm'));
    }
    expect(stdout).toMatch(/^clusters adjusted mutual information \(3\) +[\d.]+$/m);
    expect(stdout).toMatch(/^clusters purity \(5\) +[\d.]+%$/m);
  });

  test('prints JSON, and writes the points of t-SNE', async () => {
    const flags = ['--knn', '--clusters', '--tsne', at('points.npy'), '--json', '--backend', 'wasm'];
    const { code, stdout } = await protocl(
      'evaluate',
      at('train.npy'),
      '--test',
      at('held.safetensors'),
      ...flags,
    );
    expect(code).toBe(0);
    const { knn, evaluations } = JSON.parse(stdout) as Awaited<ReturnType<typeof evaluate>>;
    expect(evaluations.knn?.scores).toEqual({ 'accuracy@90': knn });
    expect(evaluations.clusters?.scores['purity@3']).toBeGreaterThan(0.9);
    expect(evaluations.tsne?.scores['trustworthiness@5']).toBeGreaterThan(0.8);
    const { data, shape } = decodeNpy(await readFile(at('points.npy')), 'points.npy');
    expect(shape).toEqual([45, 2]);
    expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  test('--no-linear leaves kNN', async () => {
    const { stdout } = await protocl('evaluate', at('train.npy'), '--no-linear', '--backend', 'wasm');
    expect(stdout).toMatch(/^kNN accuracy +[\d.]+%$/);
  });

  test('refuses a name for points before anything is computed', async () => {
    const { code, stderr } = await protocl('evaluate', at('train.npy'), '--tsne', 'points.png');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\.safetensors or \.npy/);
  });
});
