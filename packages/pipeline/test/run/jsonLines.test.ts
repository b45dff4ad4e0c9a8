import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { JsonLines, readJsonLines } from '../../src/run/jsonLines.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('every entry is in the file at once, and a line that was cut off spoils no other', async () => {
  const path = join(folder, 'log.jsonl');
  const first = new JsonLines(path);
  first.write({ type: 'a', text: 'ü\n' });
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(2);
  first.close();
  await appendFile(path, '{"type":"cut o');
  const second = new JsonLines(path);
  second.write({ type: 'b' });
  second.close();
  const entries: object[] = [];
  for await (const entry of readJsonLines(path)) entries.push(entry);
  expect(entries).toEqual([
    { time: expect.stringMatching(/^\d{4}-/), type: 'a', text: 'ü\n' },
    { time: expect.any(String), type: 'b' },
  ]);
});

test('a log that cannot be written is a typed error', () => {
  expect(() => new JsonLines(join(folder, 'none', 'log.jsonl'))).toThrow(
    expect.objectContaining({ code: 'FILE_NOT_WRITABLE' }),
  );
  // This device is always full.
  const full = new JsonLines('/dev/full');
  expect(() => full.write({ type: 'a' })).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  full.close();
});
