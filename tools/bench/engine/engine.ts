import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { requireSelection } from '../harness/requireSelection.js';
import { isSelected, runCases } from '../harness/runCases.js';
import { peerSide } from '../peer.js';
import { agreement, checkAgreement } from './agreement.js';
import { engineCases } from './cases.js';

/** ResNet-18's training step and what it consists of, against PyTorch. */
export const engine: Benchmark = {
  name: 'engine',
  async run({ options, peer: findPeer, report }) {
    const cases = engineCases(options);
    requireSelection([agreement, ...cases.map(({ name }) => name)], options.filter);
    const peer = await findPeer();
    const sides: Sides = {
      ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
      peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
      peerName: peer && peer.name,
    };
    if (isSelected(agreement, options.filter)) report(await checkAgreement(sides, options));
    return runCases(cases, sides, { ...options, report });
  },
};
