import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseRecipe } from '@protocl/augment';
import { loadCifar10 } from '@protocl/datasets';
import { loadConfig, recipeOf } from '@protocl/pipeline';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { requireSelection } from '../harness/requireSelection.js';
import { runCases } from '../harness/runCases.js';
import { peerSide } from '../peer.js';
import { withFaiss, withTorchvision } from '../peerPackages.js';
import { epochCases } from './cases.js';

const PRESET = 'pcl-demo';
const TINY_IMAGES = 2048;

/** An epoch of the demo's preset, against the same in plain PyTorch, torchvision and faiss. */
export const epoch: Benchmark = {
  name: 'epoch',
  async run({ options, peer: findPeer, report }) {
    const { config } = await loadConfig({ preset: PRESET });
    const recipe = parseRecipe(recipeOf(config.augmentation));
    const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
    try {
      const { images, shape } = await loadCifar10({ split: 'train', log: report });
      const size = options.tiny ? TINY_IMAGES : shape[0];
      const path = join(folder, 'images.bin');
      const cases = epochCases(PRESET, config, recipe, { path, shape: [size, ...shape.slice(1)] }, options);
      requireSelection(
        cases.map(({ name }) => name),
        options.filter,
      );
      await writeFile(path, images.subarray(0, (images.length / shape[0]) * size));
      const torch = await findPeer();
      const withImages = torch && (await withTorchvision(torch, report));
      const peer = withImages && (await withFaiss(withImages, report));
      const sides: Sides = {
        ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
        peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
        peerName: peer && peer.name,
      };
      return await runCases(cases, sides, { ...options, report });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
