import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { findPeer, peerSide } from '../peer.js';

let folder: string;
const before = process.env['PROTOCL_PEER_PYTHON'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env['PROTOCL_PEER_PYTHON'];
  else process.env['PROTOCL_PEER_PYTHON'] = before;
});

const options = { device: 'cpu', report: () => undefined };

/** A program that answers like a Python with PyTorch 9.9, or that fails. */
function fakePython(body: string): string {
  const path = join(folder, 'python');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('the Python that PROTOCL_PEER_PYTHON names is taken', async () => {
  const python = fakePython('echo 9.9+cpu');
  process.env['PROTOCL_PEER_PYTHON'] = python;
  const peer = await findPeer(options);
  expect(peer).toEqual({ python, modulePath: [], name: 'PyTorch 9.9+cpu' });
  expect(peerSide(peer!, 'worker.py')).toMatchObject({
    label: 'PyTorch 9.9+cpu',
    command: python,
    arguments: ['worker.py'],
    environment: { PYTHONPATH: expect.stringContaining('harness/python') },
  });
});

test('a Python without PyTorch in PROTOCL_PEER_PYTHON is an error, and nothing else is tried', async () => {
  process.env['PROTOCL_PEER_PYTHON'] = fakePython('echo "ModuleNotFoundError: torch" >&2; exit 1');
  await expect(findPeer(options)).rejects.toMatchObject({
    code: 'BENCH_PEER_UNUSABLE',
    message: expect.stringContaining('ModuleNotFoundError: torch'),
  });
});
