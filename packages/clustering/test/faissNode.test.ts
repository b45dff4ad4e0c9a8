import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { faissNodeAssigner, kmeans, prepareFaissNode } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

// Commands take their time to start on a machine that is busy.
jest.setTimeout(60_000);
beforeAll(() => useBackend('cpu', { log: () => undefined }));

let folder: string;
const kept = { ...process.env };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-clustering-'));
  process.env['PROTOCL_CACHE'] = join(folder, 'cache');
  delete process.env['npm_execpath'];
});
afterEach(async () => {
  process.env = { ...kept };
  await rm(folder, { recursive: true, force: true });
});

/** An `npm` on the PATH that does what the given shell script says. */
async function fakeNpm(script: string): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'npm'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'npm'), 0o755);
  process.env['PATH'] = `${bin}:${kept['PATH']}`;
}

/** Installs a faiss-node in JavaScript, whose prebuilt addon can be fetched. */
const INSTALL = `
mkdir -p node_modules/faiss-node/lib node_modules/prebuild-install
cat > node_modules/faiss-node/package.json <<'END'
{ "name": "faiss-node", "main": "lib/index.js" }
END
cat > node_modules/faiss-node/lib/index.js <<'END'
class IndexFlatL2 {
  add() {}
  search(queries) {
    return { labels: Array.from({ length: queries.length / 2 }, () => FOUND) };
  }
}
module.exports = { IndexFlatL2, Index: { fromFactory: () => new IndexFlatL2() } };
END
echo "require('fs').mkdirSync('build')" > node_modules/prebuild-install/bin.js
`;

describe('without faiss-node', () => {
  test('its assigner says so, and what to do', async () => {
    const features = tf.ones<tf.Rank.R2>([4, 2]);
    const before = tf.memory().numTensors;
    const running = kmeans(features, { k: 2, seed: 1, assigner: 'faiss-node', log: () => undefined });
    await expect(running).rejects.toMatchObject({
      code: 'FAISS_NODE_UNAVAILABLE',
      remedy: expect.stringMatching(/npm install faiss-node/),
    });
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
  });

  test('an assigner that was never used can be closed', async () => {
    await expect(faissNodeAssigner().close()).resolves.toBeUndefined();
  });
});

describe('prepareFaissNode', () => {
  test('installs it into the cache once', async () => {
    await fakeNpm(INSTALL.replace('FOUND', '1'));
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const { path } = await prepareFaissNode({ log });
    expect(path).toContain(join(folder, 'cache', 'faiss-node'));
    expect(lines).toEqual([
      expect.stringMatching(/installing faiss-node/),
      expect.stringMatching(/prebuilt addon/),
    ]);
    expect(await prepareFaissNode({ log })).toEqual({ path });
    expect(lines).toHaveLength(2);
  });

  test('what does not find the nearest is not put in place', async () => {
    await fakeNpm(INSTALL.replace('FOUND', '0'));
    await expect(prepareFaissNode()).rejects.toMatchObject({
      code: 'FAISS_NODE_BUILD_FAILED',
      message: expect.stringMatching(/faiss-node does not work/),
    });
    expect(await readdir(join(folder, 'cache', 'faiss-node'))).toEqual([]);
  });

  test('a failing npm is named, and leaves nothing behind', async () => {
    await fakeNpm('echo "npm error network is unreachable" >&2; exit 1');
    await expect(prepareFaissNode()).rejects.toMatchObject({
      code: 'FAISS_NODE_BUILD_FAILED',
      message: expect.stringMatching(/cannot be installed from npm \(npm error network is unreachable\)/),
    });
    expect(await readdir(join(folder, 'cache', 'faiss-node'))).toEqual([]);
  });

  test('a cache that cannot be written is named', async () => {
    await writeFile(join(folder, 'cache'), 'a file where a folder should be');
    await expect(prepareFaissNode()).rejects.toMatchObject({
      code: 'FAISS_NODE_BUILD_FAILED',
      given: expect.stringContaining(join(folder, 'cache')),
    });
  });
});
