import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { runCases } from '../harness/runCases.js';
import { requireSelection } from '../harness/requireSelection.js';
import { peerSide, type Peer } from '../peer.js';
import { withThreadpoolctl, withTorchvision } from '../peerPackages.js';
import { augmentCases } from './cases.js';
import { deviceAugmentCases } from './deviceCases.js';

/** A photograph-like JPEG of 500 x 375 pixels; tools/parity/augment.py made it. */
const PICTURE = join(import.meta.dirname, 'picture.jpg');

/** The programs of the benchmark on a graphics processor, where the peer needs PyTorch and may have torchvision. */
export function deviceAugmentSides(peer: Peer | null): Promise<Sides> {
  return sidesWith(peer, 'peer/device_worker.py');
}

/** Augmentation against torchvision and PyTorch: batches in memory, and files; on a device, against PyTorch on tensors. */
export const augment: Benchmark = {
  name: 'augment',
  async run({ options, peer: findPeer, report, signal, onResult }) {
    const { deviceCases } = options;
    const cases = deviceCases ? deviceAugmentCases(options) : augmentCases(PICTURE, options);
    requireSelection(
      cases.map(({ name }) => name),
      options.filter,
    );
    const torch = await findPeer();
    const beside = torch && !deviceCases ? await withThreadpoolctl(torch, report) : torch;
    const sides = deviceCases
      ? await deviceAugmentSides(torch)
      : await sidesWith(beside && (await withTorchvision(beside, report)), 'peer/worker.py');
    return runCases(cases, sides, { ...options, report, signal, onResult });
  },
};

async function sidesWith(peer: Peer | null, script: string): Promise<Sides> {
  return {
    ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
    peer: peer && peerSide(peer, join(import.meta.dirname, script)),
    peerName: peer && peer.name,
  };
}
