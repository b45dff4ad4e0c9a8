import { Command, Option } from 'commander';

import { cluster, requireJson, writeClusterings, type Clustering } from '../commands/cluster.js';
import { changesFrom, withCheckpoint, type CheckpointFlags } from './checkpointFlags.js';
import { interruptible } from '../run/interruption.js';
import { counts, whole } from './counts.js';
import { isBackend } from './engineName.js';
import type { Terminal } from './terminal.js';

interface ClusterFlags extends CheckpointFlags {
  readonly k: readonly number[];
  readonly out: string;
  readonly split: 'train' | 'test';
  readonly seed: number;
  readonly iterations: number;
  readonly redo: number;
  readonly normalize: boolean;
}

/** `protocl cluster`: k-means of features. */
export function clusterCommand({ print, output }: Terminal): Command {
  const command = new Command('cluster')
    .description('Cluster features by k-means: those of a file, or of a checkpoint’s encoder.')
    .requiredOption('--k <numbers>', 'clusters, such as 250 or 250,500,1000', counts)
    .option('--out <file>', 'where assignments are written, as JSON', 'clusters.json')
    .addOption(
      new Option('--split <name>', 'which images, with a checkpoint')
        .choices(['train', 'test'])
        .default('train'),
    )
    .option('--seed <n>', 'of k-means', whole, 0)
    .option('--iterations <n>', 'of one k-means', whole, 20)
    .option('--redo <n>', 'starts of k-means, of which the best counts', whole, 5)
    .option('--no-normalize', 'take the features as they are, not at length 1')
    .addHelpText('after', '\nExample: protocl cluster features.safetensors --k 250,500');
  return withCheckpoint(command, 'a file of features, a checkpoint, or a run folder').action(
    async (path: string, flags: ClusterFlags) => {
      const { k, out, split, seed, iterations, redo, normalize, backend } = flags;
      requireJson(out);
      const log = (line: string) => output.write(`${line}\n`);
      const clusterings = await interruptible(
        (signal) =>
          cluster(path, {
            granularities: k,
            split,
            seed,
            iterations,
            redo,
            normalize,
            changes: changesFrom(flags),
            log,
            signal,
            ...(isBackend(backend) && { backend }),
          }),
        () => log('stopping'),
      );
      await writeClusterings(out, clusterings);
      for (const clustering of clusterings) print(inWords(clustering));
      print(`assignments in ${out}`);
    },
  );
}

function inWords({ k, sizes, meanSquaredDistance, purity, mutualInformation }: Clustering): string {
  const sorted = [...sizes].sort((a, b) => a - b);
  const parts = [
    `k=${k}`,
    `sizes ${sorted[0]} .. ${sorted[Math.floor(k / 2)]} .. ${sorted.at(-1)}`,
    `mean squared distance ${meanSquaredDistance.toPrecision(4)}`,
  ];
  if (purity !== undefined) parts.push(`purity ${(100 * purity).toFixed(1)}%`);
  if (mutualInformation !== undefined) parts.push(`NMI ${mutualInformation.toFixed(3)}`);
  return parts.join(' | ');
}
