import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Peer } from '../peer.js';
import { withScikitLearn, withTorchvision } from '../peerPackages.js';

let folder: string;
let lines: string[];
const before = process.env['PROTOCL_CACHE'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  process.env['PROTOCL_CACHE'] = join(folder, 'cache');
  lines = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env['PROTOCL_CACHE'];
  else process.env['PROTOCL_CACHE'] = before;
});

/** A peer whose Python is a shell script. */
function fakePeer(body: string, torch = '2.13.0+cpu'): Peer {
  const python = join(folder, 'python');
  writeFileSync(python, `#!/bin/sh\n${body}\n`);
  chmodSync(python, 0o755);
  return { python, modulePath: ['/torch'], name: `PyTorch ${torch}` };
}

const add = (peer: Peer) => withTorchvision(peer, (line) => lines.push(line));

test("a peer's own torchvision is taken", async () => {
  const peer = fakePeer('echo "torchvision 0.28.0, Pillow 12.0"');
  expect(await add(peer)).toEqual({ ...peer, name: 'torchvision 0.28.0, Pillow 12.0' });
  expect(lines).toEqual(['peer: torchvision 0.28.0, Pillow 12.0']);
});

test('else the release for its PyTorch is installed beside it', async () => {
  const log = join(folder, 'log');
  const installed = join(folder, 'installed');
  const peer = fakePeer(`
    case "$2" in
      pip) echo "$@" > ${log}; touch ${installed};;
      *) test -e ${installed} && echo "torchvision 0.28.0, Pillow 12.0";;
    esac`);
  const target = join(folder, 'cache/peer/2.13.0+cpu-torchvision');
  expect(await add(peer)).toEqual({
    ...peer,
    modulePath: [target, '/torch'],
    name: 'torchvision 0.28.0, Pillow 12.0',
  });
  const command = readFileSync(log, 'utf8');
  expect(command).toContain(`--target ${target}`);
  expect(command).toContain('--no-deps torchvision==0.28.* pillow');
});

test.each([
  ['echo "no network" >&2; exit 1', '2.13.0', 'no network'],
  ['exit 1', '3.0.0', 'no release of torchvision is known'],
])('where it cannot be had, only our side is measured: %s', async (body, torch, reason) => {
  expect(await add(fakePeer(body, torch))).toBeNull();
  expect(lines.at(-1)).toContain(reason);
  expect(lines.at(-1)).toContain('only our side is measured');
});

test('scikit-learn is installed with what it needs besides numpy', async () => {
  const log = join(folder, 'log');
  const installed = join(folder, 'installed');
  const peer = fakePeer(`
    case "$2" in
      pip) echo "$@" > ${log}; touch ${installed};;
      *) test -e ${installed} && echo "scikit-learn 1.9.1";;
    esac`);
  const target = join(folder, 'cache/peer/scikit-learn');
  const found = await withScikitLearn(peer, (line) => lines.push(line));
  expect(found).toEqual({ ...peer, modulePath: [target, '/torch'], name: 'scikit-learn 1.9.1' });
  expect(readFileSync(log, 'utf8')).toContain('--no-deps scikit-learn scipy joblib');
});
