import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { findPeer, peerSide, runPeer } from '../peer.js';

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
    environment: {
      PYTHONPATH: expect.stringContaining('harness/python'),
      // Whatever is set here: it would hold the peer back.
      OPENBLAS_CORETYPE: undefined,
      OMP_NUM_THREADS: undefined,
      GOMP_SPINCOUNT: undefined,
    },
  });
});

test('a Python without PyTorch in PROTOCL_PEER_PYTHON is an error, and nothing else is tried', async () => {
  process.env['PROTOCL_PEER_PYTHON'] = fakePython('echo "ModuleNotFoundError: torch" >&2; exit 1');
  await expect(findPeer(options)).rejects.toMatchObject({
    code: 'BENCH_PEER_UNUSABLE',
    message: expect.stringContaining('ModuleNotFoundError: torch'),
  });
});

test('what this process has set of threads and kernels does not reach the peer', async () => {
  const python = fakePython('echo "${OPENBLAS_CORETYPE-unset} ${GOMP_SPINCOUNT-unset} ${KEPT-unset}"');
  const set = { OPENBLAS_CORETYPE: 'Prescott', GOMP_SPINCOUNT: '1', KEPT: 'kept' };
  const was = { ...process.env };
  Object.assign(process.env, set);
  try {
    expect(await runPeer({ python, modulePath: [], name: 'any' }, [])).toBe('unset unset kept\n');
  } finally {
    for (const name of Object.keys(set)) {
      if (was[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = was[name];
    }
  }
});
