import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { decodeSafetensors } from '@protocl/encoders';
import { loadConfig, resume, train, type ConfigInput } from '@protocl/pipeline';

import { readSetFlag } from '../../src/config/setFlag.js';
import { protocl } from '../compare/tinyGrid.js';
import { encodePng, writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';

/** Threads start slowly where other work is going on. */
jest.setTimeout(240_000);

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-photos-'));
  await useBackend('wasm', { log: () => undefined });
  const drawn = syntheticImages(200, 1);
  await writeImageFolder(join(parent, 'sorted'), drawn);
  await writeImageFolder(join(parent, 'held'), syntheticImages(40, 2));
  await mkdir(join(parent, 'photos'));
  for (let index = 0; index < 200; index++) {
    const pixels = drawn.images.subarray(432 * index, 432 * (index + 1));
    await writeFile(join(parent, 'photos', `${index}.png`), encodePng(pixels, 12, 12));
  }
});
afterAll(() => rm(parent, { recursive: true }));

/** Of the preset, what makes it a run of seconds. */
const quick = ['encoder.width=4', 'augmentation.size=8', 'data.workers=1', 'engine.backend=wasm'];
const flags = quick.flatMap((setting) => ['--set', setting]);

async function configOf(run: string) {
  return JSON.parse(await readFile(join(parent, run, 'config.json'), 'utf8')) as {
    readonly config: ConfigInput;
    readonly origins: Record<string, string>;
  };
}

async function weightsOf(run: string) {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

const chosen = {
  data: { classes: 'none' },
  method: { queue: 96, granularities: [7, 15], warmupEpochs: 1 },
  training: { epochs: 2, batchSize: 16 },
  evaluation: { knn: { k: 20 } },
};

test('200 photos without classes train with pcl-demo as it is', async () => {
  const args = ['--preset', 'pcl-demo', '--images', join(parent, 'photos'), '--epochs', '2', ...flags];
  const { code, stderr } = await protocl('train', ...args, '--out', join(parent, 'plain'));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/chosen for 200 images: .*method.queue=96 .*training.batchSize=16/);
  expect(stderr).toMatch(/E-step of epoch 2: objective@7 .*objective@15/);
  expect(await configOf('plain')).toMatchObject({
    config: chosen,
    origins: { 'method.queue': 'auto for 200 images', 'training.epochs': '--epochs' },
  });
});

test('the same flags in any order mean the same, with classes and held-out images too', async () => {
  const data = [
    `data.train=${join(parent, 'sorted')}`,
    `data.test=${join(parent, 'held')}`,
    'data.kind=folder',
  ];
  const sets = [...data, ...quick].flatMap((setting) => ['--set', setting]);
  const args = ['--preset', 'pcl-demo', '--epochs', '2', ...sets, '--out', join(parent, 'judged'), '--json'];
  const { code, stdout, stderr } = await protocl('train', ...args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const measured = expect.any(Number) as unknown;
  expect(JSON.parse(stdout)).toMatchObject({ knn: { warmup: measured, final: measured }, purity: measured });
  expect(await configOf('judged')).toMatchObject({ config: { ...chosen, data: { classes: 'folders' } } });
});

test('an interrupted run goes on with what was chosen, to the same bits', async () => {
  const settings = [`data={kind: folder, train: ${join(parent, 'photos')}}`, ...quick, 'training.epochs=3'];
  const resolved = await loadConfig({ preset: 'pcl-demo', flags: settings.map(readSetFlag) });
  await train(resolved, { folder: join(parent, 'whole') });
  const stop = new AbortController();
  const { output, text } = recorder(false);
  output.on('data', () => {
    if (/epoch 2 done/.test(text())) stop.abort();
  });
  const stopped = await train(resolved, { folder: join(parent, 'parts'), output, signal: stop.signal });
  expect(stopped).toMatchObject({ status: 'stopped' });
  const before = await configOf('parts');
  expect(before.config).toMatchObject({
    ...chosen,
    method: { queue: 96, warmupEpochs: 2 },
    training: { epochs: 3 },
  });
  expect(await resume(join(parent, 'parts'))).toMatchObject({ status: 'completed', epochs: 3 });
  expect(await configOf('parts')).toEqual(before);
  expect(await weightsOf('parts')).toEqual(await weightsOf('whole'));

  // A changed choice is a changed setting.
  const { config, origins } = before;
  const changed = { ...config, method: { ...config.method, granularities: [7, 14] } };
  await rm(join(parent, 'parts', 'encoder.safetensors'));
  await writeFile(join(parent, 'parts', 'config.json'), JSON.stringify({ config: changed, origins }));
  await expect(resume(join(parent, 'parts'))).rejects.toMatchObject({
    code: 'CHECKPOINT_MISMATCH',
    message: expect.stringContaining('method.granularities was [7,15], is [7,14]') as unknown,
  });
});

test('a comparison leaves the choice to each run, and goes on where it was', async () => {
  const grid = join(parent, 'grid.json');
  const folders = { kind: 'folder', train: join(parent, 'sorted'), test: join(parent, 'held') };
  const base = {
    ...{ preset: 'pcl-demo', data: folders, augmentation: { size: 8 }, encoder: { width: 4 } },
    ...{ training: { epochs: 2 }, engine: { backend: 'wasm' } },
  };
  await writeFile(
    grid,
    JSON.stringify({ name: 'g', base, arms: { pcl: {} }, seeds: [1], evaluators: ['knn'] }),
  );
  const compare = () => protocl('compare', grid, '--out', join(parent, 'g'));
  const first = await compare();
  expect({ code: first.code, stderr: first.stderr }).toMatchObject({ code: 0 });
  expect(await configOf('g/pcl/seed-1')).toMatchObject({
    config: { ...chosen, data: { classes: 'folders' } },
  });
  const again = await compare();
  expect({ code: again.code, stderr: again.stderr }).toMatchObject({ code: 0 });
  const other = await protocl('compare', grid, '--out', join(parent, 'g'), '--set', 'method.queue=32');
  expect(other.stderr).toMatch(/method.queue was 96, is 32/);
});
