import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { presets, resolveConfig } from '@protocl/pipeline';

import { RunFolder } from '../../src/run/runFolder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-runs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const resolved = resolveConfig([{ origin: 'preset pcl-demo', values: presets['pcl-demo']! }]);

describe('RunFolder', () => {
  test('keeps the configuration of a run, with the origins', async () => {
    const created = await RunFolder.create(resolved, join(folder, 'run'));
    const opened = await RunFolder.open(created.path);
    expect(await opened.readConfig()).toEqual(resolved);
    expect(JSON.parse(await readFile(join(folder, 'run', 'config.json'), 'utf8'))).toEqual(resolved);
  });

  test('is not made where there is a run', async () => {
    await RunFolder.create(resolved, join(folder, 'run'));
    await expect(RunFolder.create(resolved, join(folder, 'run'))).rejects.toMatchObject({
      code: 'RUN_FOLDER',
      remedy: expect.stringContaining(`--resume ${join(folder, 'run')}`),
    });
  });

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

  test('newest finds the run that was written to last', async () => {
    for (const name of ['a', 'b', 'c']) await RunFolder.create(resolved, join(folder, name));
    await mkdir(join(folder, 'no run'));
    await writeFile(join(folder, 'b', 'log.jsonl'), '');
    const later = Date.now() / 1000 + 60;
    await utimes(join(folder, 'b', 'log.jsonl'), later, later);
    expect((await RunFolder.newest(folder)).path).toBe(join(folder, 'b'));
  });

  test('other folders are refused', async () => {
    await expect(RunFolder.open(folder)).rejects.toMatchObject({ code: 'RUN_FOLDER' });
    await expect(RunFolder.newest(join(folder, 'none'))).rejects.toMatchObject({ code: 'RUN_FOLDER' });
    await writeFile(join(folder, 'config.json'), '{');
    const opened = await RunFolder.open(folder);
    await expect(opened.readConfig()).rejects.toMatchObject({ code: 'RUN_FOLDER' });
  });
});
