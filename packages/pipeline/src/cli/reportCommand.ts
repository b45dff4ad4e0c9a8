import { Command } from 'commander';

import { report } from '../commands/report.js';
import { defined } from '../run/defined.js';
import { interruptible } from '../run/interruption.js';
import { unlessStopped } from '../run/unlessStopped.js';
import { changesFrom, withChanges, type CheckpointFlags } from './checkpointFlags.js';
import { atLeastOne } from './counts.js';
import type { Terminal } from './terminal.js';

interface ReportFlags extends CheckpointFlags {
  readonly out?: string;
  readonly points: number;
  readonly encoder: boolean;
  readonly tensorboard?: boolean;
}

/** `protocl report`: a page of one run or of several side by side. */
export function reportCommand({ print, output }: Terminal): Command {
  const command = new Command('report')
    .description('Write a page of one run, or of several side by side, with its figures as files.')
    .argument('<runs...>', 'folders of runs')
    .option('--out <folder>', 'where to write (default: the folder of the first run)')
    .option('--points <n>', 'images of each run to embed, drawn at random', atLeastOne, 2000)
    .option('--no-encoder', 'leave out what is computed from the encoders')
    .option('--tensorboard', 'write event files for TensorBoard, too')
    .addHelpText('after', '\nExample: protocl report runs/first runs/second --out comparison --tensorboard');
  return withChanges(command).action(async (runs: string[], flags: ReportFlags) => {
    const { out, points, encoder, tensorboard } = flags;
    const log = (line: string) => output.write(`${line}\n`);
    const options = { ...defined({ out, tensorBoard: tensorboard }), points, encoder, log };
    const written = await interruptible(
      (signal) =>
        unlessStopped(signal, 'the report was stopped before it was written', () =>
          report(runs, { ...options, signal, changes: changesFrom(flags) }),
        ),
      () => output.write('\nstopping\n'),
    );
    print(written.page);
    if (written.tensorBoard !== undefined) print(`tensorboard --logdir ${written.tensorBoard}`);
  });
}
