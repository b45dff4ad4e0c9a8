import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { resume, train } from '@protocl/pipeline';

import { writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

jest.setTimeout(120_000);

const images = { train: syntheticImages(48, 1) };
const config = tinyConfig({ training: { epochs: 3 } });

let parent: string;
let before: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-start-'));
  await useBackend('wasm', { log: () => undefined });
  before = process.cwd();
  process.chdir(parent);
});
afterEach(async () => {
  process.chdir(before);
  await rm(parent, { recursive: true });
});

function onFolder(train: string) {
  return tinyConfig({
    data: { kind: 'folder', classes: 'folders', train, workers: 1 },
    training: { epochs: 3 },
  });
}

test('a start that failed for its images may simply be repeated', async () => {
  const folder = join(parent, 'r');
  await writeImageFolder(join(parent, 'images'), images.train);
  const typo = train(onFolder(join(parent, 'typo')), { folder });
  await expect(typo).rejects.toMatchObject({ code: 'FOLDER_NOT_READABLE' });
  // Why it failed can be read.
  expect(await readdir(folder)).toEqual(['log.jsonl']);
  expect(await readFile(join(folder, 'log.jsonl'), 'utf8')).toContain('FOLDER_NOT_READABLE');
  await expect(resume(folder)).rejects.toMatchObject({ code: 'RUN_FOLDER' });
  const good = onFolder(join(parent, 'images'));
  expect(await train(good, { folder })).toMatchObject({ status: 'completed' });
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual(good);
  // Now there is a run.
  await expect(train(good, { folder })).rejects.toMatchObject({ code: 'RUN_FOLDER' });
});

test('so may one that was killed before its first checkpoint, whose temporary files are removed', async () => {
  const folder = join(parent, 'r');
  await mkdir(join(folder, 'checkpoints'), { recursive: true });
  const other = tinyConfig({ seed: 5, training: { epochs: 3 } });
  await writeFile(join(folder, 'config.json'), JSON.stringify(other));
  const unique = '17-0123456789ab.tmp';
  const left = [
    '.config.json',
    '.metrics.json',
    '.summary.json',
    '.encoder.safetensors',
    'checkpoints/.epoch-0001.safetensors',
  ];
  for (const name of left) await writeFile(join(folder, `${name}.${unique}`), 'half');
  await writeFile(join(folder, `.mine.txt.${unique}`), 'mine');
  await writeFile(join(folder, '.lock'), '');
  await writeFile(join(folder, 'metrics.json'), '{"evaluations":[{"epoch":0,"figures":{"knn":2}}]}');
  expect(await train(config, { folder, images })).toMatchObject({ status: 'completed', seed: 3 });
  const names = [...(await readdir(folder)), ...(await readdir(join(folder, 'checkpoints')))];
  expect(names.filter((name) => name.startsWith('.'))).toEqual([`.mine.txt.${unique}`]);
  expect(JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8'))).toMatchObject({ evaluations: [] });
});

test('a bare resume takes the last good run, not a later one that cannot be resumed', async () => {
  const controller = new AbortController();
  const { output, text } = recorder(false);
  output.on('data', () => {
    if (/epoch 1 done/.test(text())) controller.abort();
  });
  await train(config, { folder: join(parent, 'runs/good'), images, output, signal: controller.signal });
  await expect(train(onFolder(join(parent, 'typo')))).rejects.toMatchObject({ code: 'FOLDER_NOT_READABLE' });
  expect(await readdir(join(parent, 'runs'))).toHaveLength(2);
  await mkdir(join(parent, 'runs/damaged/checkpoints'), { recursive: true });
  await writeFile(join(parent, 'runs/damaged/config.json'), JSON.stringify(config));
  await writeFile(join(parent, 'runs/damaged/checkpoints/epoch-0001.safetensors'), '');
  const watched = recorder(false);
  expect(await resume(undefined, { images, output: watched.output })).toMatchObject({
    status: 'completed',
    folder: join(parent, 'runs/good'),
  });
  expect(watched.text()).toMatch(/damaged cannot be resumed/);
});

test('results whose checkpoints are gone are not trained over', async () => {
  const folder = join(parent, 'r');
  await train(config, { folder, images });
  await rm(join(folder, 'checkpoints'), { recursive: true });
  await expect(resume(folder, { images })).rejects.toMatchObject({ code: 'NO_CHECKPOINT' });
  await expect(train(config, { folder, images })).rejects.toMatchObject({ code: 'RUN_FOLDER' });
});
