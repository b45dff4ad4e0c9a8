import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { embed, evaluate, train } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { runCommandLine } from '../../src/cli/runCommandLine.js';
import { loadData } from '../../src/data/loadData.js';
import { writeImageNet, writePlaces205, writeVoc2007 } from '../publishedFolders.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(120_000);

const images = { train: syntheticImages(48, 1), test: syntheticImages(24, 2) };
const writers = { voc2007: writeVoc2007, imagenet: writeImageNet, places205: writePlaces205 };
const KINDS = ['voc2007', 'imagenet', 'places205'] as const;

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-published-'));
  await useBackend('wasm', { log: () => undefined });
  for (const kind of KINDS) await writers[kind](join(parent, kind), images);
});
afterAll(() => rm(parent, { recursive: true }));

let tensorsBefore: number;
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

function configOf(kind: (typeof KINDS)[number], changes: Record<string, unknown> = {}, root = kind) {
  return tinyConfig({
    data: { kind, root: join(parent, root), workers: 1 },
    training: { epochs: 3 },
    ...changes,
  });
}

describe('a data set in its published layout', () => {
  test.each(['imagenet', 'places205'] as const)(
    '%s trains and is judged by its held-out images',
    async (kind) => {
      const summary = await train(configOf(kind), { folder: join(parent, `${kind}-run`) });
      expect(summary).toMatchObject({ status: 'completed', epochs: 3, purity: expect.any(Number) });
      // Guessing gets 0.25; the classes are colours.
      expect(summary.knn.final).toBeGreaterThan(0.5);
    },
  );

  test('voc2007 trains without one class for each image, and has what the images show', async () => {
    const summary = await train(configOf('voc2007'), { folder: join(parent, 'voc-run') });
    expect(summary).toMatchObject({ status: 'completed', epochs: 3, purity: null });
    const { config } = configOf('voc2007', { evaluation: { trainLimit: 10, knn: { k: 5 } } });
    const data = await loadData(config);
    try {
      expect(data.labels).toBeUndefined();
      for (const [side, labels] of [
        [data.test!, images.test.labels],
        [data.train, undefined],
      ] as const) {
        const { values, classNames } = side.annotations!;
        expect(classNames).toHaveLength(20);
        expect(values).toHaveLength(20 * side.size);
        for await (const { images: plain, indices } of side.batches()) {
          // The class is the colour that is brightest, if one is.
          const means = tf.tidy(() => tf.mean(plain, [1, 2]).dataSync());
          for (const [row, index] of indices.entries()) {
            const colours = means.subarray(row * 3, row * 3 + 3);
            const isGray = Math.max(...colours) - Math.min(...colours) < 0.7;
            const shown = isGray ? 3 : colours.indexOf(Math.max(...colours));
            const of = [...values.subarray(20 * index, 20 * index + 20)];
            expect(of).toEqual(of.map((_, column) => (column === shown ? 1 : -1)));
            if (labels) expect(shown).toBe(labels[index]);
          }
          plain.dispose();
        }
      }
      expect([data.train.size, data.test!.size]).toEqual([10, 24]);
    } finally {
      await data.close();
    }
  });

  test('voc2007 is judged by support vector machines', async () => {
    const folder = join(parent, 'voc-judged');
    await train(configOf('voc2007'), { folder });
    const { evaluations, knn } = await evaluate(folder);
    expect(Object.keys(evaluations)).toEqual(['svm']);
    expect(knn).toBeUndefined();
    // Four classes of equal size, which are colours.
    expect(evaluations.svm?.scores['meanAveragePrecision']).toBeGreaterThan(0.6);
    // The same from files.
    for (const split of ['train', 'test'] as const)
      await embed(folder, join(parent, `${split}.npy`), { split });
    const options = { test: join(parent, 'test.npy'), backend: 'wasm' } as const;
    const ofFiles = await evaluate(join(parent, 'train.npy'), options);
    expect(ofFiles.evaluations.svm?.scores['meanAveragePrecision']).toBeCloseTo(
      evaluations.svm!.scores['meanAveragePrecision']!,
      6,
    );
    const { failures } = await evaluate(folder, { evaluators: ['knn'] });
    expect(failures?.knn).toMatchObject({
      code: 'INVALID_OPTION',
      remedy: 'Judge them by --svm or --low-shot',
    });
  });

  test('names the images that it leaves out', async () => {
    await cp(join(parent, 'imagenet'), join(parent, 'damaged'), { recursive: true });
    await writeFile(join(parent, 'damaged/val/ILSVRC2012_val_00000003.JPEG'), 'no image');
    const { config } = tinyConfig({
      data: { kind: 'imagenet', root: join(parent, 'damaged'), workers: 1, maxCorruptShare: 0.1 },
    });
    const skipped: string[] = [];
    const data = await loadData(config, { onSkipped: ({ path }) => skipped.push(path) });
    let seen = 0;
    for await (const { images: plain, indices } of data.test!.batches()) {
      seen += indices.length;
      plain.dispose();
    }
    await data.close();
    expect(seen).toBe(23);
    expect(skipped).toEqual(['ILSVRC2012_val_00000003.JPEG']);
  });

  test.each(KINDS)('%s that is incomplete is refused with what is expected', async (kind) => {
    const { config } = configOf(kind, {}, 'nothing' as 'imagenet');
    await expect(loadData(config)).rejects.toMatchObject({
      code: 'DATASET_INCOMPLETE',
      given: expect.stringContaining(join(parent, 'nothing')),
      expected: expect.stringMatching(/JPEGImages|train\/n01440764|trainvalsplit/),
    });
  });

  test('has its folder made absolute', () => {
    const { config } = tinyConfig({ data: { kind: 'imagenet', root: 'imagenet' } });
    expect(config.data).toMatchObject({ root: join(process.cwd(), 'imagenet'), maxCorruptShare: 0.01 });
  });
});

describe('protocl data', () => {
  async function protocl(...args: string[]) {
    const lines: string[] = [];
    const { output, text } = recorder(false);
    const code = await runCommandLine(['data', ...args], { print: (line) => lines.push(line), output });
    return { code, stdout: lines.join('\n'), stderr: text() };
  }

  test('counts what is there', async () => {
    expect(await protocl('voc2007', join(parent, 'voc2007'))).toMatchObject({
      code: 0,
      stdout: 'train  24 images\nval  24 images\ntrainval  48 images\ntest  24 images',
    });
    expect(await protocl('imagenet', join(parent, 'imagenet'))).toMatchObject({
      code: 0,
      stdout: 'train  48 images\nval  24 images',
    });
  });

  test.each(KINDS)('tells how the files of %s have to lie, and what is missing', async (kind) => {
    const told = await protocl(kind);
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/ {2}\S+\.(jpg|JPEG|csv)/);
    expect(told.stdout).toContain(`kind: ${kind}`);
    const { code, stderr } = await protocl(kind, join(parent, 'nothing'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/lacks a part on this disk/);
    expect(stderr).toContain(join(parent, 'nothing'));
  });

  test.each([
    [['cifar10', 'x'], 2, /takes no folder/],
    [['voc2008'], 1, /Did you mean voc2007/],
  ])('%j fails', async (args, expected, message) => {
    const { code, stderr } = await protocl(...args);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
  });
});
