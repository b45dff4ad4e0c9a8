import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { failedChecks } from '../harness/failedChecks.js';
import { requireSelection } from '../harness/requireSelection.js';
import { runCases } from '../harness/runCases.js';
import { peerSide, type Peer } from '../peer.js';
import { withFaiss, withScikitLearn } from '../peerPackages.js';
import { evaluatorCases, evaluatorTasks } from './cases.js';
import { checkScores, scoresName } from './scores.js';
import { writeBlobs } from './writeBlobs.js';

/** An evaluation takes up to a minute or two, and its time varies little. */
const MOST_SAMPLES = 3;

/** Evaluators against scikit-learn: the same features and settings; first the scores, then the time. */
export const evaluators: Benchmark = {
  name: 'evaluators',
  async run({ options, peer: findPeer, report, signal, onResult }) {
    const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
    const cases = evaluatorCases(folder, options);
    const tasks = evaluatorTasks(options);
    try {
      requireSelection([...tasks.map(scoresName), ...cases.map(({ name }) => name)], options.filter);
      const torch = await findPeer();
      const scikitLearn = torch && (await withScikitLearn(torch, report));
      const peer = scikitLearn && (await besideFaiss(scikitLearn, report));
      const sides: Sides = {
        ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
        peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
        peerName: peer && peer.name,
      };
      await writeBlobs(folder, { ...tasks[0]!, n: Math.max(...tasks.map(({ n }) => n)) });
      const disagreements = await failedChecks(
        { tasks, nameOf: scoresName, check: (task) => checkScores(task, folder, sides, options) },
        { ...options, report },
      );
      const samples = Math.min(options.samples, MOST_SAMPLES);
      const { results, failures } = await runCases(cases, sides, {
        ...options,
        samples,
        report,
        signal,
        onResult,
      });
      return { results, failures: [...disagreements, ...failures] };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** kNN may be faiss's too. */
async function besideFaiss(peer: Peer, report: (line: string) => void): Promise<Peer> {
  const found = await withFaiss(peer, report, 'kNN is compared without it');
  return { ...(found ?? peer), name: peer.name };
}
