import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { findBrowser } from '../findBrowser.mjs';

const before = process.env['CHROME_PATH'];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'browser-'));
});
afterEach(async () => {
  if (before === undefined) delete process.env['CHROME_PATH'];
  else process.env['CHROME_PATH'] = before;
  await rm(folder, { recursive: true });
});

async function named(script: string): Promise<string> {
  const path = join(folder, 'browser');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  process.env['CHROME_PATH'] = path;
  return path;
}

describe('findBrowser', () => {
  test('takes the one that CHROME_PATH names', async () => {
    const path = await named('echo Chromium 1.2.3');
    expect(await findBrowser()).toEqual({ path });
  });

  test('takes no other in its place, and says why it does not start', async () => {
    const path = await named('echo libnss3.so: not found >&2; exit 127');
    expect(await findBrowser()).toEqual({
      unavailable: expect.stringContaining(`${path}: libnss3.so: not found`),
    });
    process.env['CHROME_PATH'] = join(folder, 'none');
    expect(await findBrowser()).toEqual({ unavailable: expect.stringContaining('ENOENT') });
  });
});
