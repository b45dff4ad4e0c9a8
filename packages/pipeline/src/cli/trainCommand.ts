import { Command } from 'commander';

import { loadConfig } from '../config/loadConfig.js';
import { pipelineError } from '../errors.js';
import { shellWord } from '../run/calledAs.js';
import { interruptible } from '../run/interruption.js';
import { resume, train } from '../run/train.js';
import { summaryInWords } from '../run/summary.js';
import { flagLayers, sourcesFrom, withConfigFlags, type ConfigFlags } from './configFlags.js';
import type { Terminal } from './terminal.js';

interface TrainFlags extends ConfigFlags {
  readonly out?: string;
  readonly resume?: string | true;
  readonly json?: boolean;
}

/** `protocl train`: trains an encoder, or goes on with a run. */
export function trainCommand({
  print,
  output,
  called: program = 'protocl',
  trainCommand: called = `${program} train`,
}: Terminal): Command {
  const command = new Command('train')
    .description('Train an encoder and write a run folder, or go on with a run that was interrupted.')
    .option('--out <folder>', 'folder of the run (default: runs/NAME-TIME)')
    .option(
      '--resume [run]',
      'go on with a run; without a folder, with the one in runs that wrote a checkpoint last',
    )
    .option('--json', 'print the summary as JSON too')
    .addHelpText(
      'after',
      '\nExample: protocl train --preset pcl-demo --epochs 4 --set method.warmupEpochs=2' +
        '\nCtrl-C ends the run after its step, with a checkpoint; a second one ends it at once.',
    );
  return withConfigFlags(command).action(async (flags: TrainFlags) => {
    const begin = await runOf(flags);
    const summary = await interruptible(
      (signal) => begin({ signal, output, trainCommand: called }),
      () => output.write('\nstopping after this step; once more ends at once\n'),
    );
    if (summary.status === 'stopped') {
      throw pipelineError('INTERRUPTED', {
        message: `interrupted after ${summary.epochs} epochs; the checkpoint is written`,
        remedy: `Go on with it by: ${called} --resume ${shellWord(summary.folder)}`,
      });
    }
    if (flags.json !== true) print(summaryInWords(summary));
    else {
      output.write(`${summaryInWords(summary)}\n`);
      print(JSON.stringify(summary, null, 2));
    }
  });
}

type Begin = (options: Parameters<typeof resume>[1] & object) => ReturnType<typeof resume>;

async function runOf(flags: TrainFlags): Promise<Begin> {
  const { out } = flags;
  if (flags.resume === undefined) {
    const config = await loadConfig(sourcesFrom(flags));
    return (options) => train(config, { ...options, ...(out !== undefined && { folder: out }) });
  }
  const isChanged = flagLayers(flags).length > 0 || flags.preset !== undefined || flags.config !== undefined;
  if (isChanged || out !== undefined) {
    throw pipelineError('USAGE', {
      message: 'a run goes on with the configuration that it was started with',
      given: '--resume together with flags of a configuration',
      expected: '--resume alone',
      remedy: 'To train with other settings, start a new run',
    });
  }
  const path = flags.resume === true ? undefined : flags.resume;
  return (options) => resume(path, options);
}
