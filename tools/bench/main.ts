import { writeFileAtomic } from '@protocl/core';
import { prepareTorch } from '@protocl/tfjs-backend-torch';

import { benchError } from './harness/benchError.js';
import type { Benchmark } from './harness/benchmark.js';
import { formatTable, formatTrials } from './harness/table.js';
import { parseOptions, usage } from './options.js';
import { findPeer, type Peer } from './peer.js';

/** Loaded when asked for, so that one benchmark does not need what another one does. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  engine: async () => (await import('./engine/engine.js')).engine,
  profile: async () => (await import('./engine/engine.js')).profile,
  augment: async () => (await import('./augment/augment.js')).augment,
  kmeans: async () => (await import('./kmeans/kmeans.js')).kmeans,
  evaluators: async () => (await import('./evaluators/evaluators.js')).evaluators,
  epoch: async () => (await import('./epoch/epoch.js')).epoch,
  methods: async () => (await import('./methods/methods.js')).methods,
  soak: async () => (await import('./soak/soak.js')).soak,
};

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    return 0;
  }
  const options = parseOptions(args);
  const benchmark = await load(options.benchmark);
  const report = (line: string): void => console.error(line);
  // The first time this takes minutes, which the sides would spend in silence.
  if (options.backend === 'torch') await prepareTorch({ log: report });
  let peer: Promise<Peer | null> | undefined;
  const { results, failures } = await benchmark.run({
    options,
    report,
    peer: () =>
      (peer ??= options.peer ? findPeer({ device: options.device, report }) : Promise.resolve(null)),
  });

  if (results.length > 0) {
    const parts = [formatTrials(results), formatTable(results)];
    console.log(parts.filter((part) => part !== '').join('\n\n'));
  }
  if (options.json !== undefined) {
    const records = results.map(({ record }) => record);
    await writeFileAtomic(options.json, `${JSON.stringify(records, null, 2)}\n`);
  }
  for (const failure of failures) console.error(`FAILED ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

async function load(name: string): Promise<Benchmark> {
  const loader = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (loader !== undefined) return loader();
  throw benchError('BENCH_USAGE', {
    message: 'there is no such benchmark',
    given: name,
    expected: Object.keys(benchmarks).join(' or '),
    remedy: `Usage: ${usage}`,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // An error with a code has a message for the user; any other is a defect, and its stack tells more.
  const isTyped = error instanceof Error && 'code' in error && 'remedy' in error;
  console.error(isTyped ? error.message : error);
  process.exitCode = 1;
}
