import { Command, Option } from 'commander';

import { clusterFormat, clusterIntoTable, writeClusterings, type Clustering } from '../commands/cluster.js';
import { changesFrom, withCheckpoint, type CheckpointFlags } from './checkpointFlags.js';
import { defined } from '../run/defined.js';
import { interruptible } from '../run/interruption.js';
import { unlessStopped } from '../run/unlessStopped.js';
import { counts, whole } from './counts.js';
import { isBackend } from './engineName.js';
import type { Terminal } from './terminal.js';

interface ClusterFlags extends CheckpointFlags {
  readonly k: readonly number[];
  readonly out: string;
  readonly labels?: string;
  readonly split: 'train' | 'test';
  readonly seed: number;
  readonly iterations: number;
  readonly redo: number;
  readonly normalize: boolean;
}

/** `protocl cluster`: k-means of features. */
export function clusterCommand({ print, output }: Terminal): Command {
  const command = new Command('cluster')
    .description(
      'Cluster features by k-means: those of a file, or of a checkpoint’s encoder. The CSV of paths beside a file gets the columns cluster and distance; where there is none, one is written.',
    )
    .requiredOption('--k <numbers>', 'clusters, such as 250 or 250,500,1000', counts)
    .option('--out <file>', 'where all of it is written: .json, or .csv for the table alone', 'clusters.json')
    .option('--labels <file>', 'a .npy with the classes of the features in a file, to compare clusters with')
    .addOption(
      new Option('--split <name>', 'which images, with a checkpoint')
        .choices(['train', 'test'])
        .default('train'),
    )
    .option('--seed <n>', 'of k-means', whole, 0)
    .option('--iterations <n>', 'of one k-means', whole, 20)
    .option('--redo <n>', 'starts of k-means, of which the best counts', whole, 5)
    .option('--no-normalize', 'take the features as they are, not at length 1')
    .addHelpText(
      'after',
      '\nExample: protocl cluster photos.npy --k 20' +
        '\n         protocl cluster features.npy --k 250,500 --labels labels.npy' +
        '\nSeveral clusterings have columns of their own, cluster_250 and distance_250.',
    );
  return withCheckpoint(command, 'a file of features, a checkpoint, or a run folder').action(
    async (path: string, flags: ClusterFlags) => {
      const { k, out, labels, split, seed, iterations, redo, normalize, backend } = flags;
      const format = clusterFormat(out);
      const log = (line: string) => output.write(`${line}\n`);
      const { clusterings, table } = await interruptible(
        (signal) =>
          unlessStopped(signal, 'stopped before the clusters were written', () =>
            clusterIntoTable(
              path,
              {
                granularities: k,
                split,
                seed,
                iterations,
                redo,
                normalize,
                changes: changesFrom(flags),
                log,
                signal,
                ...defined({ labels }),
                ...(isBackend(backend) && { backend }),
              },
              format === 'csv' ? out : undefined,
            ),
          ),
        () => log('stopping'),
      );
      if (format === 'json') await writeClusterings(out, clusterings);
      for (const clustering of clusterings) print(inWords(clustering));
      const files = [format === 'json' ? out : undefined, table].filter((file) => file !== undefined);
      print(`assignments in ${files.join(' and ')}`);
    },
  );
}

function inWords(clustering: Clustering): string {
  const { k, sizes, meanSquaredDistance, purity } = clustering;
  const { adjustedMutualInformation, adjustedRandIndex, mutualInformation } = clustering;
  const sorted = [...sizes].sort((a, b) => a - b);
  const parts = [
    `k=${k}`,
    `sizes ${sorted[0]} .. ${sorted[Math.floor(k / 2)]} .. ${sorted.at(-1)}`,
    `mean squared distance ${meanSquaredDistance.toPrecision(4)}`,
  ];
  if (purity !== undefined) parts.push(`purity ${(100 * purity).toFixed(1)}%`);
  const scores = { AMI: adjustedMutualInformation, ARI: adjustedRandIndex, NMI: mutualInformation };
  for (const [name, score] of Object.entries(scores)) {
    if (score !== undefined) parts.push(`${name} ${score.toFixed(3)}`);
  }
  return parts.join(' | ');
}
