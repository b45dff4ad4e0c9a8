import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { presets, resolveConfig } from '@protocl/pipeline';
import { saveCheckpoint } from '@protocl/trainer';

import { RunFolder } from '../../src/run/runFolder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-runs-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes a file of a run; returns its path. */
async function withFile(run: string, name: string, content = ''): Promise<string> {
  const path = join(folder, run, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** Gives a run a checkpoint; returns its path. */
async function withCheckpoint(run: string): Promise<string> {
  const path = join(folder, run, 'checkpoints/epoch-0001.safetensors');
  const described = { epoch: 1, step: 0, method: 'pcl', optimizer: 'sgd', config: null, best: null };
  await saveCheckpoint(path, { ...described, state: { tensors: {} } });
  return path;
}

const resolved = resolveConfig([{ origin: 'preset pcl-demo', values: presets['pcl-demo']! }]);

describe('RunFolder', () => {
  test('keeps the configuration of a run, with the origins', async () => {
    const created = await RunFolder.create(resolved, join(folder, 'run'));
    const opened = await RunFolder.open(created.path);
    expect(await opened.readConfig()).toEqual(resolved);
    expect(JSON.parse(await readFile(join(folder, 'run', 'config.json'), 'utf8'))).toEqual(resolved);
  });

  test.each(['checkpoints/epoch-0001.safetensors', 'encoder.safetensors', 'summary.json'])(
    'is not made where there is a run, as %s tells',
    async (file) => {
      await withFile('run', file);
      await expect(RunFolder.create(resolved, join(folder, 'run'))).rejects.toMatchObject({
        code: 'RUN_FOLDER',
        remedy: expect.stringContaining(`--resume ${join(folder, 'run')}`),
      });
    },
  );

  test('is made again where a start has failed', async () => {
    const other = resolveConfig([{ origin: 'other', values: { ...presets['pcl-demo'], seed: 9 } }]);
    await RunFolder.create(other, join(folder, 'run'));
    await writeFile(join(folder, 'run/log.jsonl'), '{"type":"error"}\n');
    const created = await RunFolder.create(resolved, join(folder, 'run'));
    expect(await created.readConfig()).toEqual(resolved);
  });

  test.each(['{}', '[]', '{"config":1,"origins":{}}', 'no JSON'])(
    'is not made in the place of a config.json of something else: %s',
    async (content) => {
      await withFile('.', 'config.json', content);
      await expect(RunFolder.create(resolved, folder)).rejects.toMatchObject({
        code: 'RUN_FOLDER',
        message: expect.stringContaining('something else'),
      });
      expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(content);
    },
  );

  test('has a name of its own by default', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const places = await Promise.all([RunFolder.place(resolved), RunFolder.place(resolved)]);
      expect(new Set(places).size).toBe(2);
      const names = await readdir(join(folder, 'runs'));
      expect(names).toHaveLength(2);
      for (const name of names) expect(name).toMatch(/^pcl-demo-\d{8}-\d{6}(-2)?$/);
    } finally {
      process.chdir(before);
    }
  });

  test('newest finds the run that wrote a checkpoint last, of those that can be resumed', async () => {
    const minutesAgo = async (path: string, minutes: number) => {
      const time = Date.now() / 1000 - 60 * minutes;
      await utimes(path, time, time);
    };
    const names = ['a', 'b', 'c', 'damaged', 'no config', 'failed start'];
    for (const name of names) await RunFolder.create(resolved, join(folder, name));
    for (const [minutes, name] of ['no config', 'damaged', 'b', 'a', 'c'].entries()) {
      const path = await withCheckpoint(name);
      await minutesAgo(path, 10 + minutes);
      // The log is only a log.
      await minutesAgo(await withFile(name, 'log.jsonl'), 20 - minutes);
    }
    await minutesAgo(await withFile('damaged', 'checkpoints/epoch-0001.safetensors', 'cut off'), 11);
    await rm(join(folder, 'no config/config.json'));
    await withFile('failed start', 'log.jsonl');
    await mkdir(join(folder, 'no run'));
    const passedOver: string[] = [];
    const newest = await RunFolder.newest(folder, (line) => passedOver.push(line));
    expect(newest.path).toBe(join(folder, 'b'));
    expect(passedOver).toEqual([
      expect.stringMatching(/no config cannot be resumed: the configuration of a run cannot be read/),
      expect.stringMatching(/damaged cannot be resumed: .* truncated or damaged/),
    ]);
  });

  test('other folders are refused', async () => {
    await expect(RunFolder.open(folder)).rejects.toMatchObject({ code: 'RUN_FOLDER' });
    await expect(RunFolder.newest(join(folder, 'none'))).rejects.toMatchObject({ code: 'RUN_FOLDER' });
    await writeFile(join(folder, 'config.json'), '{');
    const opened = await RunFolder.open(folder);
    await expect(opened.readConfig()).rejects.toMatchObject({ code: 'RUN_FOLDER' });
  });
});
