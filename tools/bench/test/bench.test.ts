import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

const execute = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function bench(...args: string[]) {
  const main = join(import.meta.dirname, '../main.ts');
  return execute(process.execPath, ['--conditions=@protocl/source', '--import', 'tsx', main, ...args]);
}

const small = ['--tiny', '--backend', 'cpu', '--no-peer', '--samples', '2', '--threads', '1'];

test('the engine benchmark runs without a peer and writes its records', async () => {
  const json = join(folder, 'deep/records.json');
  const { stdout } = await bench('engine', ...small, '--filter', 'step', '--json', json);
  const records = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown>[];
  expect(records.map(({ name }) => name)).toEqual(['sgd-step/threads-1', 'ema-step/threads-1']);
  for (const record of records) {
    expect(record).toEqual({
      name: expect.any(String),
      unit: 'ms',
      ours: expect.any(Number),
      peer: null,
      ratio: null,
      samples: 2,
      peerName: null,
      peerLibraries: [],
      tried: [],
      hostMilliseconds: { ours: expect.any(Number), peer: null },
      itemsPerSecond: { ours: null, peer: null },
      deviceMiB: { ours: null, peer: null },
      variants: [],
      fastest: null,
      leftOut: [],
      environment: expect.objectContaining({ threads: 1, torch: null, libtorch: null }),
    });
    expect(stdout).toContain(String(record['name']));
  }
}, 60_000);

test('an unknown benchmark is refused, and the usage shown', async () => {
  await expect(bench('motor')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no such benchmark.*given: motor.*engine or .*soak/s),
  });
}, 60_000);
