import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import { requireSelection } from '../harness/requireSelection.js';
import { runCases } from '../harness/runCases.js';
import { methodCases } from './cases.js';

/** Training steps of the other methods, against those of PCL, which takes the peer's place. */
export const methods: Benchmark = {
  name: 'methods',
  async run({ options, report, signal, onResult }) {
    const cases = methodCases(options);
    requireSelection(
      cases.map(({ name }) => name),
      options.filter,
    );
    const ours = await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts'));
    const sides = { ours, peer: options.peer ? ours : null, peerName: options.peer ? 'PCL' : null };
    return runCases(cases, sides, { ...options, report, signal, onResult });
  },
};
