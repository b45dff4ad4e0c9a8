import { Command } from 'commander';

import { evaluate } from '../commands/evaluate.js';
import { changesFrom, withCheckpoint, type CheckpointFlags } from './checkpointFlags.js';
import type { Terminal } from './terminal.js';

/** `protocl evaluate`: kNN and linear accuracy of a checkpoint. */
export function evaluateCommand({ print, output }: Terminal): Command {
  const command = new Command('evaluate')
    .description('Tell the kNN and linear accuracy of a checkpoint on held-out images.')
    .option('--no-linear', 'leave the linear probe out')
    .option('--json', 'print the scores as JSON')
    .addHelpText(
      'after',
      '\nExample: protocl evaluate runs/pcl-demo-20250131-235959 --set evaluation.knn.k=20',
    );
  return withCheckpoint(command, 'a checkpoint, or a run folder for its newest one').action(
    async (path: string, flags: CheckpointFlags & { readonly linear: boolean; readonly json?: boolean }) => {
      const log = (line: string) => output.write(`${line}\n`);
      const scores = await evaluate(path, { changes: changesFrom(flags), linear: flags.linear, log });
      if (flags.json === true) {
        print(JSON.stringify(scores, null, 2));
        return;
      }
      print(`checkpoint       ${scores.checkpoint} (${scores.epoch} epochs)`);
      print(`kNN accuracy     ${(100 * scores.knn).toFixed(2)}%`);
      if (scores.linear !== undefined) print(`linear accuracy  ${(100 * scores.linear).toFixed(2)}%`);
    },
  );
}
