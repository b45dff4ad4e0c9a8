import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { PlannedRun } from '../../src/compare/planRuns.js';
import { runFigures } from '../../src/compare/runFigures.js';
import { requireSameConfigs, runStateOf, type FinishedRun } from '../../src/compare/runState.js';
import { RunFolder } from '../../src/run/runFolder.js';
import { tinyConfig } from '../tinyConfig.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-again-'));
  typo = planned({ train: '/typo' });
  corrected = planned({ train: '/images' });
});
afterEach(() => rm(folder, { recursive: true }));

const planned = (data: Record<string, unknown>): PlannedRun => ({
  arm: 'pcl',
  seed: 3,
  name: 'pcl/seed-3',
  folder: join(folder, 'run'),
  resolved: tinyConfig({ data: { kind: 'folder', ...data } }),
});
let typo: PlannedRun;
let corrected: PlannedRun;

async function write(name: string, content = ''): Promise<void> {
  const path = join(folder, 'run', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

describe('a run of a comparison', () => {
  test('whose start failed is begun anew, with other settings if need be', async () => {
    await RunFolder.create(typo.resolved, typo.folder);
    await write('log.jsonl', '{"type":"error"}\n');
    expect(await runStateOf(corrected, [])).toBe('new');
    await requireSameConfigs([corrected]);
    const created = await RunFolder.create(corrected.resolved, corrected.folder);
    expect((await created.readConfig()).config).toEqual(corrected.resolved.config);
  });

  test('that has a checkpoint is begun, and keeps its settings', async () => {
    await RunFolder.create(typo.resolved, typo.folder);
    await write('checkpoints/epoch-0001.safetensors');
    expect(await runStateOf(corrected, [])).toBe('begun');
    await expect(requireSameConfigs([corrected])).rejects.toMatchObject({
      code: 'CONFIG_DIFFERS',
      message: expect.stringContaining('pcl/seed-3: data.train was "/typo", is "/images"'),
    });
  });
});

describe('the minutes of a run', () => {
  const finished = {
    summary: { minutes: 2, imagesPerSecond: null, peakMemoryBytes: 1 },
    scores: { evaluations: {} },
  } as unknown as FinishedRun;
  const minutes = async () => (await runFigures(join(folder, 'run'), finished))['minutes'];

  test('count the processes before the last', async () => {
    const entry = (type: string, minute: number) =>
      `${JSON.stringify({ time: new Date(60_000 * minute).toISOString(), type })}\n`;
    await write(
      'log.jsonl',
      [entry('run', 0), entry('step', 3), entry('run', 50), entry('end', 52)].join(''),
    );
    expect(await minutes()).toBe(5);
    await write(
      'log.jsonl',
      [entry('run', 0), '{"type":"step"}\n', entry('step', 3), entry('run', 50)].join(''),
    );
    expect(await minutes()).toBe(5);
  });

  test('are those of the last one where the log is lost', async () => {
    expect(await minutes()).toBe(2);
  });
});
