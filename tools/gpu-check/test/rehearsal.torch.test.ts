// The shortest rehearsal of the real check: packed, carried into an empty root, built and run there.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { isProtoclError } from '@protocl/core';
import { afterAll, expect, jest, test } from '@jest/globals';

import { pack } from '../pack/pack.js';
import { findNamespaces } from '../rehearse/namespaces.js';
import { rehearse } from '../rehearse/rehearse.js';

// The first time, Node is fetched and compressed, and PyTorch installed for the peer.
jest.setTimeout(900_000);

const folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the packed check runs in an empty root, part by part, and breaks no promise', async () => {
  if (!(await canRehearse())) return;
  const parts = await pack({ out: join(folder, 'parts'), images: 256, log: () => undefined });
  expect(parts.map((part) => basename(part))).toEqual(['part-1', 'part-2']);
  const steps = ['build', 'agreement', 'conformance', 'images', 'kmeans', 'training'];
  const out = join(folder, 'out');
  const { calls, broken } = await rehearse({
    ...{ parts, device: 'cpu', minutes: 6, steps, out, log: () => undefined },
  });
  expect(broken).toEqual([]);
  const reported = calls.at(-1)!.report!.steps;
  expect(reported.map(({ name, status }) => [name, status]).sort()).toEqual(
    steps.map((name) => [name, 'passed']).sort(),
  );
  expect(existsSync(join(out, 'part-2/checkpoint/checkpoint.json'))).toBe(true);
});

/** Whether this machine can build an empty root; where it cannot, a line says why. */
async function canRehearse(): Promise<boolean> {
  try {
    await findNamespaces(mkdtempSync(join(folder, 'mounts-')));
    return true;
  } catch (error) {
    if (!isProtoclError(error, 'REHEARSAL_UNAVAILABLE')) throw error;
    console.warn(`NOT REHEARSED: ${error.message}`);
    return false;
  }
}
