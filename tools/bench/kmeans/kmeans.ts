import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { coresToTry, withCore } from '../harness/blasCores.js';
import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark, BenchContext } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { failedChecks } from '../harness/failedChecks.js';
import { requireSelection } from '../harness/requireSelection.js';
import { runCases, type Outcome } from '../harness/runCases.js';
import { peerSide, type Peer } from '../peer.js';
import { withFaiss, withThreadpoolctl } from '../peerPackages.js';
import { drawnSizes, kmeansCases, kmeansTasks } from './cases.js';
import { lloydCases } from './deviceCases.js';
import { checkObjective, objectiveName } from './objective.js';
import { drawPoints, readPoints, writePoints } from './writePoints.js';

/** A clustering takes seconds to half a minute, and its time varies little. */
const MOST_SAMPLES = 5;
/** Steps of the largest take seconds. */
const MOST_STEP_SAMPLES = 3;

/** The programs of the steps on a graphics processor, where the peer needs nothing but PyTorch. */
export async function lloydSides(peer: Peer | null): Promise<Sides> {
  return {
    ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
    peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/lloyd_worker.py')),
    peerName: peer && peer.name,
  };
}

/** k-means against faiss: the same points, steps and runs; first the objective, then the time. */
export const kmeans: Benchmark = {
  name: 'kmeans',
  async run(context) {
    if (context.options.deviceCases) return runOnDevice(context);
    const { options, peer: findPeer, report, signal, onResult } = context;
    const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
    const points = join(folder, 'points.bin');
    try {
      const given = options.points === undefined ? undefined : await readPoints(options.points);
      const sizes = given ?? drawnSizes(options);
      const tasks = kmeansTasks(options, sizes);
      const names = kmeansCases(points, options, { sizes }).map(({ name }) => name);
      requireSelection([...tasks.map(objectiveName), ...names], options.filter);
      const torch = await findPeer();
      const peer = torch && (await withFaiss(await withThreadpoolctl(torch, report), report));
      const sides: Sides = {
        ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
        peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
        peerName: peer && peer.name,
      };
      const cores = sides.peer ? await coresToTry(sides.peer) : [];
      const cases = kmeansCases(points, options, { cores, sizes });
      const checked = { ...sides, peer: sides.peer && withCore(sides.peer, cores[0]) };
      await writePoints(points, given ?? drawPoints(sizes.n, sizes.dimension));
      const disagreements = await failedChecks(
        { tasks, nameOf: objectiveName, check: (task) => checkObjective(task, points, checked, options) },
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

async function runOnDevice({ options, peer, report, ...context }: BenchContext): Promise<Outcome> {
  const cases = lloydCases(options);
  requireSelection(
    cases.map(({ name }) => name),
    options.filter,
  );
  const samples = Math.min(options.samples, MOST_STEP_SAMPLES);
  return runCases(cases, await lloydSides(await peer()), { ...context, ...options, samples, report });
}
