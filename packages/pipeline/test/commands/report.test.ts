import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clusterPurity } from '@protocl/clustering';
import { report, train } from '@protocl/pipeline';
import { readRun, type ReportExtras, type SpriteSheet } from '@protocl/report';
import { loadCheckpoint } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';

import { runCommandLine } from '../../src/cli/runCommandLine.js';
import { checkpointPrototypes } from '../../src/report/checkpointPrototypes.js';
import { runExtras } from '../../src/report/runExtras.js';
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

/** The class of a synthetic image: which of its channels is brighter, or none. */
function brightest(
  { pixels, width }: { readonly pixels: Uint8Array; readonly width: number },
  sheet: Pick<SpriteSheet, 'width' | 'height' | 'columns'>,
  thumbnail: number,
): number {
  const sums = [0, 0, 0];
  const left = (thumbnail % sheet.columns) * sheet.width;
  const top = Math.floor(thumbnail / sheet.columns) * sheet.height;
  for (let y = top; y < top + sheet.height; y++) {
    for (let x = left; x < left + sheet.width; x++) {
      for (const channel of sums.keys()) sums[channel]! += pixels[3 * (y * width + x) + channel]!;
    }
  }
  const means = sums.map((sum) => sum / (sheet.width * sheet.height));
  const most = Math.max(...means);
  return most - Math.min(...means) > 60 ? means.indexOf(most) : 3;
}

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
    // The points, members of clusters that are no points, the gallery.
    const first = extras.thumbnails!.count - ofGallery.length;
    expect(ofGallery.toSorted((a, b) => a - b)).toEqual(ofGallery.map((_, at) => first + at));
    expect(first).toBeGreaterThan(60);
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

  test('montages have the images nearest to the centroids, points of the embedding or not', async () => {
    const stored = checkpointPrototypes(await loadCheckpoint(checkpoint));
    const { dataUri } = extras.thumbnails!;
    const jpeg = Buffer.from(dataUri.slice(dataUri.indexOf(',') + 1), 'base64');
    const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const classOf = (thumbnail: number) =>
      brightest({ pixels: data, width: info.width }, extras.thumbnails!, thumbnail);
    for (const { k, cluster, size, nearest, random } of extras.montages!) {
      const { assignments, distances } = stored.find((each) => each.k === k)!;
      const members = [...assignments.keys()].filter((image) => assignments[image] === cluster);
      expect(size).toBe(members.length);
      const naive = members.sort((a, b) => distances![a]! - distances![b]!).slice(0, 8);
      expect(nearest.map(classOf)).toEqual(naive.map((image) => images.train.labels[image]));
      expect(random).toHaveLength(size > 8 ? 8 : 0);
    }
    expect(extras.montages!.some(({ nearest }) => nearest.some((thumbnail) => thumbnail >= 60))).toBe(true);
    for (const { nearest } of extras.tree!) expect(nearest!.length).toBeGreaterThan(0);
  });

  test('is the same each time, to the byte', async () => {
    const again = await runExtras(run, { images, points: 60 });
    expect(JSON.stringify(again.extras)).toBe(JSON.stringify(extras));
  });

  test('leaves out the clusters of other images than these', async () => {
    const lines: string[] = [];
    const others = { ...images, train: syntheticImages(80, 7) };
    const { extras: without } = await runExtras(run, {
      images: others,
      points: 60,
      log: (line) => lines.push(line),
    });
    expect(without.montages).toBeUndefined();
    expect(without.tree).toBeUndefined();
    expect(without.embedding!.prototypes).toEqual([]);
    expect(lines.join('\n')).toContain('others than those that were clustered');
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
