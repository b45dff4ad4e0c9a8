import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { cacheDirectory } from '@protocl/core';
import { expect, test } from '@jest/globals';

const execute = promisify(execFile);

/** Python's module path with a PyTorch: its own, or one that a benchmark has installed; nothing is installed here. */
function pathWithPyTorch(): string | undefined {
  const cache = cacheDirectory('peer');
  const installed = existsSync(cache) ? readdirSync(cache).map((name) => join(cache, name)) : [];
  const own = process.env['PYTHONPATH'] ?? '';
  const paths = [own, ...installed.filter((folder) => existsSync(join(folder, 'torch')))];
  return paths.find((path) => {
    try {
      execFileSync('python3', ['-c', 'import torch'], {
        env: { ...process.env, PYTHONPATH: path },
        stdio: 'ignore',
      });
      return true;
    } catch {
      return false;
    }
  });
}

const path = pathWithPyTorch();

(path === undefined ? test.skip : test)(
  'what the peer has instead of a library does what it says',
  async () => {
    const folders = ['harness/python', 'epoch/peer'].map((name) => join(import.meta.dirname, '..', name));
    const { stderr } = await execute('python3', [join(import.meta.dirname, 'peerParts.py')], {
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONPATH: [...folders, path].join(delimiter),
      },
    });
    expect(stderr).toMatch(/Ran 9 tests in .*\n\nOK/);
  },
  120_000,
);
