import { appendFileSync, cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { prepareTorch } from '../src/libtorch/prepare.js';
import type { Addon } from '../src/native/addon.js';
import { restoreVariables, temporaryFolder } from './fakeLibtorch.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';

const nativeFolder = fileURLToPath(new URL('../native', import.meta.url));
const before = { ...process.env };
let folder: string;

beforeAll(async () => startTorch(), STARTUP_TIMEOUT_MS);
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  restoreVariables(['PROTOCL_CACHE', 'PROTOCL_LIBTORCH'], before);
  rmSync(folder, { recursive: true });
});

test(
  'two builds of the addon, as two versions of the package bring, live in one process',
  async () => {
    const { libtorch } = await prepareTorch();
    const otherSources = join(folder, 'native');
    cpSync(nativeFolder, otherSources, { recursive: true });
    appendFileSync(join(otherSources, 'addon.cc'), '// Another version.\n');
    process.env['PROTOCL_CACHE'] = join(folder, 'cache');
    process.env['PROTOCL_LIBTORCH'] = libtorch.root;
    const { addonPath } = await prepareTorch({ nativeFolder: otherSources });
    const other = createRequire(import.meta.url)(addonPath) as Addon;

    expect(other.countsMemory()).toBe(0);
    const before = torchMemory();
    const counted = tf.zeros([1024]);
    expect(torchMemory().liveBytes - before.liveBytes).toBe(4096);
    expect(torchMemory().unreliable).toBe(false);
    counted.dispose();

    const values = new Float32Array([3, 1, 2]);
    const point = other.fromData(values, [1, 3], 'float32', 'cpu');
    const number = other.findOperator('protocl::nearest_centroid', '');
    const [, distance] = other.callOperator(number, point, point) as number[];
    const read = new Float32Array(1);
    other.read(distance as typeof point, read);
    expect(Array.from(read)).toEqual([0]);
    expect(Array.from(tf.add([1, 2], [3, 4]).dataSync())).toEqual([4, 6]);
  },
  STARTUP_TIMEOUT_MS,
);
