import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clusterPurity } from '@protocl/clustering';
import { report, train } from '@protocl/pipeline';
import { readRun, type ReportExtras } from '@protocl/report';
import { loadCheckpoint } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { runCommandLine } from '../../src/cli/runCommandLine.js';
import { checkpointPrototypes } from '../../src/report/checkpointPrototypes.js';
import { clusterMontages, treeOfPrototypes } from '../../src/report/clusterViews.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

const images = { train: syntheticImages(80, 1), test: syntheticImages(40, 2) };

let parent: string;
let run: string;
let checkpoint: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-report-'));
  run = join(parent, 'first');
  const summary = await train(tinyConfig(), { folder: run, images });
  checkpoint = summary.checkpoint!;
}, 60_000);
afterAll(() => rm(parent, { recursive: true }));

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('report', () => {
  let extras: ReportExtras;
  beforeAll(async () => {
    const before = tf.memory().numTensors;
    const written = await report([run], { images, points: 60, tensorBoard: true });
    expect(tf.memory().numTensors).toBe(before);
    expect(written.page).toBe(join(run, 'report.html'));
    for (const path of [written.page, ...written.figures]) expect(await exists(path)).toBe(true);
    expect(written.tensorBoard).toBe(join(run, 'tensorboard'));
    extras = (await readRun(run)).extras!;
  }, 60_000);

  test('looks at some of the training images, each with its own class, image and clusters', async () => {
    const { labels, classNames, prototypes, x, thumbnails } = extras.embedding!;
    expect(x).toHaveLength(60);
    expect(classNames).toEqual(images.train.classNames);
    const ofGallery = extras.gallery!.classes.flatMap(({ truePositives, falsePositives }) => [
      ...truePositives,
      ...falsePositives.map(({ thumbnail }) => thumbnail),
    ]);
    expect(extras.thumbnails!.count).toBe(60 + ofGallery.length);
    expect(ofGallery.toSorted((a, b) => a - b)).toEqual(ofGallery.map((_, at) => 60 + at));
    expect(thumbnails).toEqual(x.map((_, point) => point));
    // The images are drawn in ascending order, so that their labels are a part of all labels in that order.
    let at = 0;
    for (const label of images.train.labels) if (labels![at] === label) at++;
    expect(at).toBe(60);
    const stored = checkpointPrototypes(await loadCheckpoint(checkpoint));
    expect(prototypes!.map(({ k }) => k)).toEqual([4, 8]);
    // Clusters of the drawn images are as pure as those of all: another image's cluster would say nothing of a class.
    for (const [index, { assignments }] of prototypes!.entries()) {
      const all = clusterPurity(stored[index]!.assignments, images.train.labels);
      const some = clusterPurity(Int32Array.from(assignments), Int32Array.from(labels!));
      expect(Math.abs(some - all)).toBeLessThan(0.12);
    }
  });

  test('has every other part too', () => {
    expect(extras.gallery!.classes.map(({ className }) => className)).toEqual(
      expect.arrayContaining(['red', 'green', 'blue']),
    );
    for (const { className, truePositives, falsePositives } of extras.gallery!.classes) {
      for (const thumbnail of truePositives) expect(thumbnail).toBeLessThan(extras.thumbnails!.count);
      for (const image of falsePositives) expect(image.className).not.toBe(className);
    }
    expect(extras.retrievals).toHaveLength(16);
    expect(extras.retrievals![0]!.neighbours).toHaveLength(10);
    expect(extras.concentrations!.map(({ values }) => values.length)).toEqual([4, 8]);
    const held = extras.confusion!.counts.map((row) => row.reduce((sum, count) => sum + count, 0));
    expect(held).toEqual(
      [0, 1, 2, 3].map((label) => images.test.labels.filter((each) => each === label).length),
    );
    expect(extras.montages!.length).toBeGreaterThan(4);
    expect(extras.tree!.reduce((sum, { size }) => sum + size, 0)).toBe(80);
  });

  test('writes an event file for each run', async () => {
    expect(await exists(join(run, 'tensorboard/first/events.out.tfevents.0.protocl'))).toBe(true);
    const [row] = (await readFile(join(run, 'tensorboard/first/tensors.tsv'), 'utf8')).split('\n');
    const values = row!.split('\t').map(Number);
    expect(values.length).toBeGreaterThan(2);
    // Normalised.
    expect(values.reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(1, 4);
  });

  test('tells of an encoder that it cannot look at, and reports without it', async () => {
    const broken = join(parent, 'broken');
    await train(tinyConfig({ training: { epochs: 3 } }), { folder: broken, images });
    const { checkpoint: damaged } = JSON.parse(await readFile(join(broken, 'summary.json'), 'utf8')) as {
      checkpoint: string;
    };
    await writeFile(damaged, 'nothing');
    const lines: string[] = [];
    const { page } = await report([broken, run], {
      images,
      out: join(parent, 'both'),
      points: 60,
      log: (line) => lines.push(line),
    });
    expect(page).toBe(join(parent, 'both/report.html'));
    expect(lines.join('\n')).toContain(`the encoder of ${broken} cannot be looked at`);
  }, 60_000);

  test('ends when it is told to', async () => {
    const reason = new Error('enough');
    await expect(report([run], { images, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('clusterViews', () => {
  const prototypes = [
    { k: 2, assignments: Int32Array.of(0, 0, 0, 1, 1, 0), concentration: Float32Array.of(1, 1) },
    { k: 3, assignments: Int32Array.of(0, 0, 1, 2, 2, -1), concentration: Float32Array.of(1, 1, 1) },
  ];
  const seen = {
    labels: Int32Array.of(0, 0, 1, 1, 1, 0),
    classNames: ['a', 'b'],
    shown: Int32Array.of(1, 2, 4),
  };

  test('montages name the commonest class of all members, and show those that have thumbnails', () => {
    expect(clusterMontages(prototypes, seen)).toEqual([
      { k: 2, cluster: 0, size: 4, thumbnails: [0, 1], topClass: { name: 'a', share: 0.75 } },
      { k: 2, cluster: 1, size: 2, thumbnails: [2], topClass: { name: 'b', share: 1 } },
      { k: 3, cluster: 0, size: 2, thumbnails: [0], topClass: { name: 'a', share: 1 } },
      { k: 3, cluster: 2, size: 2, thumbnails: [2], topClass: { name: 'b', share: 1 } },
      { k: 3, cluster: 1, size: 1, thumbnails: [1], topClass: { name: 'b', share: 1 } },
    ]);
  });

  test('the tree has each finer cluster under the coarser one that holds its images', () => {
    const tree = treeOfPrototypes(prototypes, seen);
    expect(tree.map(({ name, children }) => [name, children!.map((child) => child.name)])).toEqual([
      ['prototype 0, 75% a', ['prototype 0, 100% a', 'prototype 1, 100% b']],
      ['prototype 1, 100% b', ['prototype 2, 100% b']],
    ]);
    expect(treeOfPrototypes([], seen)).toEqual([]);
  });
});

describe('protocl report and watch', () => {
  async function protocl(...args: string[]) {
    const lines: string[] = [];
    const { output, text } = recorder(false);
    const code = await runCommandLine(args, { print: (line) => lines.push(line), output });
    return { code, stdout: lines.join('\n'), stderr: text() };
  }

  test('print where the report is', async () => {
    const out = join(parent, 'out');
    const { code, stdout } = await protocl('report', run, '--no-encoder', '--out', out, '--tensorboard');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${join(out, 'report.html')}\ntensorboard --logdir ${join(out, 'tensorboard')}`,
    });
  });

  test('refuse what is no run, and flags that cannot be meant', async () => {
    expect(await protocl('report', parent)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not the folder of a run/),
    });
    expect(await protocl('watch', parent)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not the folder of a run/),
    });
    expect((await protocl('report', run, '--points', 'few')).code).toBe(2);
    expect((await protocl('watch', run, '--port', '70000')).code).toBe(2);
    expect((await protocl('report')).code).toBe(2);
  });
});
