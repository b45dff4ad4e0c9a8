import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { runCases } from '../harness/runCases.js';
import { requireSelection } from '../harness/requireSelection.js';
import { peerSide } from '../peer.js';
import { withTorchvision } from '../peerPackages.js';
import { augmentCases } from './cases.js';

/** A photograph-like JPEG of 500 x 375 pixels; tools/parity/augment.py made it. */
const PICTURE = join(import.meta.dirname, 'picture.jpg');

/** Augmentation against torchvision on PIL images: batches in memory, and files. */
export const augment: Benchmark = {
  name: 'augment',
  async run({ options, peer: findPeer, report }) {
    const cases = augmentCases(PICTURE, options);
    requireSelection(
      cases.map(({ name }) => name),
      options.filter,
    );
    const torch = await findPeer();
    const peer = torch && (await withTorchvision(torch, report));
    const sides: Sides = {
      ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
      peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
      peerName: peer && peer.name,
    };
    return runCases(cases, sides, { ...options, report });
  },
};
