import { appendFile, cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { decodeSafetensors } from '@protocl/encoders';
import { resume, train, type RunOptions } from '@protocl/pipeline';
import { loadCheckpoint, saveCheckpoint } from '@protocl/trainer';

import { encodePng, writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

jest.setTimeout(120_000);

const images = { train: syntheticImages(48, 1), test: syntheticImages(24, 2) };
const short = { training: { epochs: 3 }, schedule: { kind: 'constant', learningRate: 0.03 } };

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-same-'));
  await useBackend('wasm', { log: () => undefined });
  await train(tinyConfig(short), { folder: join(parent, 'whole'), images });
  await stopped('stopped', tinyConfig(short), { images });
});
afterAll(() => rm(parent, { recursive: true }));

/** A run that was interrupted in its second epoch. */
async function stopped(
  name: string,
  config: ReturnType<typeof tinyConfig>,
  options: RunOptions = {},
): Promise<void> {
  const controller = new AbortController();
  const { output, text } = recorder(false);
  output.on('data', () => {
    if (/epoch 1 done/.test(text())) controller.abort();
  });
  const running = { ...options, folder: join(parent, name), output, signal: controller.signal };
  expect(await train(config, running)).toMatchObject({ status: 'stopped' });
}

/** A copy of the run that was interrupted; returns its folder. */
async function copyOf(name: string, from = 'stopped'): Promise<string> {
  await cp(join(parent, from), join(parent, name), { recursive: true });
  return join(parent, name);
}

async function edit(run: string, change: (config: Settings) => void): Promise<void> {
  const path = join(run, 'config.json');
  const stored = JSON.parse(await readFile(path, 'utf8')) as { config: Settings };
  change(stored.config);
  await writeFile(path, JSON.stringify(stored));
}

type Settings = Record<string, Record<string, unknown>> & { seed: number; name: string };

/** What the error says that differs, a line each. */
async function refusal(run: string, options: RunOptions = {}): Promise<string[]> {
  const error = await resume(run, options).then(
    () => undefined,
    (thrown: unknown) => thrown as Error & { code?: string },
  );
  expect(error?.code).toBe('CHECKPOINT_MISMATCH');
  return error!.message
    .replace(/\. expected: .*/s, '')
    .split('\n  ')
    .slice(1);
}

async function text(run: string, name: string): Promise<string> {
  return readFile(join(parent, run, name), 'utf8');
}

async function weightsOf(run: string): Promise<unknown> {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

/** A summary without what depends on the time and the place. */
async function summaryOf(run: string): Promise<unknown> {
  const summary = JSON.parse(await text(run, 'summary.json')) as Record<string, unknown>;
  const apart = { folder: '', checkpoint: '', imagesPerSecond: 0, minutes: 0, peakMemoryBytes: 0 };
  return { ...summary, ...apart };
}

describe('a run with other settings than its checkpoint', () => {
  test.each<[string, (config: Settings) => void, string[]]>([
    [
      'another learning rate',
      ({ schedule }) => (schedule!['learningRate'] = 0.1),
      ['schedule.learningRate was 0.03, is 0.1'],
    ],
    ['another seed', (config) => (config.seed = 4), ['seed was 3, is 4']],
    [
      'other batches',
      ({ training }) => (training!['batchSize'] = 8),
      ['training.batchSize was 16, is 8', 'steps.batchSize was 16, is 8', 'steps.stepsPerEpoch was 3, is 6'],
    ],
    [
      'an evaluation by fewer images',
      ({ evaluation }) => (evaluation!['testLimit'] = 10),
      ['evaluation.testLimit was not set, is 10'],
    ],
  ])('%s is refused, with the name of the setting', async (name, change, lines) => {
    const run = await copyOf(name);
    await edit(run, change);
    expect(await refusal(run, { images })).toEqual(lines);
  });

  test('does not say that it can be resumed, and leaves its files alone', async () => {
    const run = await copyOf('advice');
    const before = await text('advice', 'metrics.json');
    await edit(run, (config) => (config.seed = 4));
    const { output, text: said } = recorder(false);
    await refusal(run, { images, output });
    expect(said()).not.toContain('can be resumed');
    expect(await text('advice', 'metrics.json')).toBe(before);
  });

  test('what may differ changes nothing', async () => {
    const run = await copyOf('harmless');
    await edit(run, (config) => {
      config.name = 'another';
      config['engine']!['threads'] = 1;
      config['checkpoints']!['everySteps'] = 1;
    });
    await resume(run, { images });
    expect(await weightsOf('harmless')).toEqual(await weightsOf('whole'));
    expect(await text('harmless', 'metrics.json')).toBe(await text('whole', 'metrics.json'));
  });

  test('more epochs end as a run that had as many from the start, where the rates are the same', async () => {
    const epochs = { training: { epochs: 5 } };
    await train(tinyConfig({ ...short, ...epochs }), { folder: join(parent, 'long'), images });
    const run = await copyOf('longer');
    await edit(run, ({ training }) => (training!['epochs'] = 5));
    expect(await resume(run, { images })).toMatchObject({ status: 'completed', epochs: 5 });
    expect(await weightsOf('longer')).toEqual(await weightsOf('long'));
    await stopped('cosine', tinyConfig({ training: { epochs: 3 } }), { images });
    await edit(join(parent, 'cosine'), ({ training }) => (training!['epochs'] = 5));
    expect(await refusal(join(parent, 'cosine'), { images })).toEqual(['training.epochs was 3, is 5']);
  });
});

describe('a run on other images than its checkpoint', () => {
  test('in memory is refused: other pixels, labels and numbers are named', async () => {
    const run = await copyOf('pixels');
    const changed = Uint8Array.from(images.train.images);
    changed[100]! ^= 1;
    expect(
      await refusal(run, { images: { ...images, train: { ...images.train, images: changed } } }),
    ).toEqual(['data.train.contents differs']);
    const labels = Int32Array.from(images.test.labels);
    labels.reverse();
    expect(await refusal(run, { images: { ...images, test: { ...images.test, labels } } })).toEqual([
      'data.test.labels differs',
    ]);
    expect(await refusal(run, { images: { train: images.train } })).toEqual(['data.test was there, is null']);
    await resume(run, { images });
    expect(await weightsOf('pixels')).toEqual(await weightsOf('whole'));
  });

  test('of a folder is refused: a class added, a file renamed, a file replaced', async () => {
    const folder = join(parent, 'images');
    await writeImageFolder(folder, images.train);
    const data = { kind: 'folder', train: folder, workers: 1 };
    await train(tinyConfig({ ...short, data }), { folder: join(parent, 'folder whole') });
    await stopped('folder', tinyConfig({ ...short, data }));
    const run = join(parent, 'folder');
    const extra = encodePng(images.train.images.subarray(0, 12 * 12 * 3), 12, 12);
    await writeImageFolder(join(parent, 'extra'), syntheticImages(24, 3));

    await cp(join(parent, 'extra/red'), join(folder, 'amber'), { recursive: true });
    expect(await refusal(run)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^data\.train\.images was 48, is \d+$/),
        'data.train.names differs',
        'data.train.classes.amber was not there',
      ]),
    );
    await rm(join(folder, 'amber'), { recursive: true });

    const [name] = await readdir(join(folder, 'red'));
    await rename(join(folder, 'red', name!), join(folder, 'red/zzz.png'));
    expect(await refusal(run)).toEqual(
      expect.arrayContaining(['data.train.names differs', 'data.train.classes.red.names differs']),
    );
    await rename(join(folder, 'red/zzz.png'), join(folder, 'red', name!));

    const original = await readFile(join(folder, 'red', name!));
    await writeFile(join(folder, 'red', name!), Buffer.concat([extra, Buffer.from('more')]));
    expect(await refusal(run)).toEqual(['data.train.sizes differs', 'data.train.classes.red.sizes differs']);
    await writeFile(join(folder, 'red', name!), original);

    // Elsewhere, and with other threads, it is the same.
    await rename(folder, join(parent, 'moved images'));
    await edit(run, (config) => {
      config['data']!['train'] = join(parent, 'moved images');
      config['data']!['workers'] = 2;
    });
    await resume(run);
    expect(await weightsOf('folder')).toEqual(await weightsOf('folder whole'));
  });
});

test('a checkpoint of before digests were kept is resumed, with warnings of what cannot be known', async () => {
  const run = await copyOf('old');
  const name = 'checkpoints/epoch-0001.safetensors';
  const { identity, state, ...described } = await loadCheckpoint(join(run, name));
  expect(identity).toBeDefined();
  const values = Object.fromEntries(
    Object.entries(state.values!).filter(([key]) => !key.startsWith('record/')),
  );
  await rm(join(run, 'checkpoints'), { recursive: true });
  await saveCheckpoint(join(run, name), { ...described, state: { ...state, values } });
  const { output, text: said } = recorder(false);
  await resume(run, { images, output });
  expect(said()).toMatch(/warning: .*cannot be verified/);
  expect(said()).toMatch(/warning: .*what was measured/);
  expect(await weightsOf('old')).toEqual(await weightsOf('whole'));
  // Its settings are known.
  const other = await copyOf('old, edited', 'old');
  await edit(other, (config) => (config.seed = 9));
  expect(await refusal(other, { images })).toEqual(['seed was 3, is 9']);
});

describe('the log is only a log', () => {
  test.each<[string, (log: string) => Promise<void>]>([
    ['lost', (log) => rm(log)],
    ['cut', async (log) => writeFile(log, (await readFile(log)).subarray(0, 300))],
    [
      'edited',
      async (log) => writeFile(log, (await readFile(log, 'utf8')).replaceAll(/"knn":[\d.]+/g, '"knn":0.999')),
    ],
    [
      'with entries of another run',
      (log) => appendFile(log, '{"type":"evaluation","epoch":1,"figures":{"knn":2}}\n'),
    ],
  ])('%s, it changes neither metrics nor summary', async (what, change) => {
    const run = await copyOf(`log ${what}`);
    await change(join(run, 'log.jsonl'));
    await resume(run, { images });
    expect(await text(`log ${what}`, 'metrics.json')).toBe(await text('whole', 'metrics.json'));
    expect(await summaryOf(`log ${what}`)).toEqual(await summaryOf('whole'));
  });
});
