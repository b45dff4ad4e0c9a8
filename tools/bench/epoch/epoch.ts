import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseRecipe } from '@protocl/augment';
import { loadConfig, recipeOf } from '@protocl/pipeline';

import { coresToTry } from '../harness/blasCores.js';
import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark, BenchContext } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { requireSelection } from '../harness/requireSelection.js';
import { runCases } from '../harness/runCases.js';
import { peerSide, type Peer } from '../peer.js';
import { withFaiss, withThreadpoolctl, withTorchvision } from '../peerPackages.js';
import { epochCases, type ImageFile } from './cases.js';
import { deviceEpochCases } from './deviceCases.js';
import { writeImages } from './writeImages.js';

/** The programs of the benchmark on a graphics processor, where the peer needs nothing but PyTorch. */
export function deviceEpochSides(peer: Peer | null): Promise<Sides> {
  return sidesWith(peer, 'peer/device_worker.py');
}

/** An epoch of a preset, against the same in plain PyTorch, torchvision and faiss. */
export const epoch: Benchmark = {
  name: 'epoch',
  async run(context) {
    const { options, report, signal, onResult } = context;
    const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
    try {
      const data = await writeImages(folder, options, report);
      const casesWith = async (cores: readonly string[]) =>
        options.deviceCases ? deviceEpochCases(data, options) : casesOnProcessor(data, options, cores);
      requireSelection(
        (await casesWith([])).map(({ name }) => name),
        options.filter,
      );
      const sides = options.deviceCases
        ? await deviceEpochSides(await context.peer())
        : await sidesWith(await peerOnProcessor(context), 'peer/worker.py');
      const hasFaiss = sides.peer !== null && !options.deviceCases;
      const cases = await casesWith(hasFaiss ? await coresToTry(sides.peer) : []);
      return await runCases(cases, sides, { ...options, report, signal, onResult });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function casesOnProcessor(data: ImageFile, options: BenchContext['options'], cores: readonly string[]) {
  const { config } = await loadConfig({ preset: options.preset });
  const recipe = parseRecipe(recipeOf(config.augmentation));
  return epochCases(options.preset, config, recipe, data, options, cores);
}

async function peerOnProcessor({ peer: findPeer, report }: BenchContext): Promise<Peer | null> {
  const torch = await findPeer();
  const beside = torch && (await withThreadpoolctl(torch, report));
  const withImages = beside && (await withTorchvision(beside, report));
  return withImages && withFaiss(withImages, report);
}

async function sidesWith(peer: Peer | null, script: string): Promise<Sides> {
  return {
    ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
    peer: peer && peerSide(peer, join(import.meta.dirname, script)),
    peerName: peer && peer.name,
  };
}
