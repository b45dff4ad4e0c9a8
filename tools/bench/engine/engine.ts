import { join } from 'node:path';

import { benchError } from '../harness/benchError.js';
import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
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

function requireSelection(names: readonly string[], filter: string | undefined): void {
  if (names.some((name) => isSelected(name, filter))) return;
  throw benchError('BENCH_USAGE', {
    message: 'no case has the text of --filter in its name',
    given: filter,
    expected: `a part of one of ${names.join(', ')}`,
  });
}
