import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EXTRAS_FILE, readRun } from '@protocl/report';

import { LogParser } from '../src/jsonLog.js';
import { LogTail } from '../src/watch/logTail.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('readRun', () => {
  test('reads what is there, without the line that is being written', async () => {
    await writeFile(join(folder, 'config.json'), '{"config":{"seed":1},"origins":{"seed":"flag"}}');
    await writeFile(join(folder, 'log.jsonl'), '{"type":"run"}\n{"type":"mess');
    expect(await readRun(folder)).toEqual({
      name: basename(folder),
      folder,
      config: { seed: 1 },
      origins: { seed: 'flag' },
      log: [{ type: 'run' }],
    });
  });

  test('refuses a folder that is none of a run, and damaged files', async () => {
    await expect(readRun(folder)).rejects.toMatchObject({ code: 'RUN_UNREADABLE', given: folder });
    for (const config of ['{}', '{"config":5}', `{"config":{"a":${'['.repeat(5e4)}${']'.repeat(5e4)}}}`]) {
      await writeFile(join(folder, 'config.json'), config);
      await expect(readRun(folder)).rejects.toMatchObject({
        code: 'RUN_UNREADABLE',
        given: join(folder, 'config.json'),
      });
    }
    await writeFile(join(folder, 'config.json'), '{"config":{}}');
    await writeFile(join(folder, EXTRAS_FILE), '{"embedding":{"method":"a","x":[1],"y":["b"]}}');
    await expect(readRun(folder)).rejects.toMatchObject({
      code: 'RUN_UNREADABLE',
      message: expect.stringContaining('at embedding.y.0') as unknown,
    });
    await writeFile(join(folder, 'summary.json'), '[]');
    await expect(readRun(folder)).rejects.toMatchObject({
      code: 'RUN_UNREADABLE',
      given: join(folder, 'summary.json'),
    });
  });
});

test('LogParser puts lines together wherever they are cut', () => {
  const text = '{"a":1}\nno json\n[2]\n{"b":"é"}\n';
  for (let cut = 0; cut <= text.length; cut++) {
    const parser = new LogParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual([
      { a: 1 },
      { b: 'é' },
    ]);
  }
});

describe('LogTail', () => {
  test('takes what is added, half a line and half a letter later', async () => {
    const path = join(folder, 'log.jsonl');
    const tail = new LogTail(path);
    expect(await tail.read()).toBe(false);
    const bytes = Buffer.from('{"a":"é"}\n{"b":2}\n');
    // Within the two bytes of the letter.
    await writeFile(path, bytes.subarray(0, 7));
    expect(await tail.read()).toBe(false);
    await writeFile(path, bytes);
    expect(await tail.read()).toBe(true);
    expect(tail.entries).toEqual([{ a: 'é' }, { b: 2 }]);
    expect(await tail.read()).toBe(false);
  });

  test('begins anew with a file that is shorter', async () => {
    const path = join(folder, 'log.jsonl');
    const tail = new LogTail(path);
    await writeFile(path, '{"a":1}\n{"a":2}\n');
    await tail.read();
    await writeFile(path, '{"a":3}\n');
    expect(await tail.read()).toBe(true);
    expect(tail.entries).toEqual([{ a: 3 }]);
  });
});
