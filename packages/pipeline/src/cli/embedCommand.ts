import { Command, Option } from 'commander';

import { embed } from '../commands/embed.js';
import { changesFrom, withCheckpoint, type CheckpointFlags } from './checkpointFlags.js';
import type { Terminal } from './terminal.js';

interface EmbedFlags extends CheckpointFlags {
  readonly out: string;
  readonly split: 'train' | 'test';
}

/** `protocl embed`: writes the features of a data set. */
export function embedCommand({ print, output }: Terminal): Command {
  const command = new Command('embed')
    .description('Write the features of a data set, with labels, as a checkpoint’s encoder has them.')
    .option('--out <file>', 'ends in .safetensors or .npy', 'features.safetensors')
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'test']).default('train'))
    .addHelpText(
      'after',
      '\nExample: protocl embed runs/pcl-demo-20250131-235959 --split test --out test.npy' +
        '\n--set evaluation.features=head writes the features after the projection head.',
    );
  return withCheckpoint(command, 'a checkpoint, or a run folder for its newest one').action(
    async (path: string, flags: EmbedFlags) => {
      const log = (line: string) => output.write(`${line}\n`);
      const { split, out } = flags;
      const { files, shape } = await embed(path, out, { changes: changesFrom(flags), split, log });
      print(`${shape[0]} features of length ${shape[1]}: ${files.join(', ')}`);
    },
  );
}
