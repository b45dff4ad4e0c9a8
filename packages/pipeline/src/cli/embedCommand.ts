import { isProtoclError, printable } from '@protocl/core';
import { Command, Option } from 'commander';

import { embed } from '../commands/embed.js';
import { embedImages } from '../commands/embedImages.js';
import { pipelineError } from '../errors.js';
import { defined } from '../run/defined.js';
import { interruptible } from '../run/interruption.js';
import { createDisplay } from '../run/progress.js';
import { unlessStopped } from '../run/unlessStopped.js';
import { changesFrom, withChanges, type CheckpointFlags } from './checkpointFlags.js';
import { atLeastOne } from './counts.js';
import type { Terminal } from './terminal.js';

interface EmbedFlags extends CheckpointFlags {
  readonly out: string;
  readonly encoder?: string;
  readonly split?: 'train' | 'test';
  readonly maxPixels?: number;
}

/** `protocl embed`: writes the features of a data set, or of any images. */
export function embedCommand({ print, output }: Terminal): Command {
  const log = (line: string) => output.write(`${line}\n`);
  const command = new Command('embed')
    .description(
      'Write the features of a run’s own images, with labels; or with --encoder those of any images, and beside them a CSV with their paths.',
    )
    .argument(
      '<paths...>',
      'a checkpoint, or a run folder for its newest one; with --encoder folders of images (with all below them) or image files',
    )
    .option('--out <file>', 'ends in .safetensors or .npy', 'features.safetensors')
    .option(
      '--encoder <path>',
      'what encodes the images at <paths>: a run folder, a checkpoint, or an encoder.safetensors',
    )
    .addOption(new Option('--split <name>', 'which of the run’s images (default: train)').choices(SPLITS))
    .option('--max-pixels <n>', 'with --encoder: images with more are left out', atLeastOne)
    .addHelpText(
      'after',
      '\nExample: protocl embed photos --encoder runs/pcl-demo-20250131-235959 --out photos.npy' +
        '\n         protocl cluster photos.npy --k 20' +
        '\n         protocl embed runs/pcl-demo-20250131-235959 --split test --out test.npy' +
        '\n--set evaluation.features=head writes the features after the projection head.' +
        '\nImages that cannot be used are named, and left out of the features and the CSV.',
    );
  return withChanges(command).action(async (paths: string[], flags: EmbedFlags) => {
    const { encoder } = flags;
    const line = await interruptible(
      (signal) =>
        unlessStopped(signal, 'stopped before the features were written', () =>
          encoder === undefined
            ? embedOwn(paths, flags, { log, signal })
            : embedAny(paths, encoder, flags, { log, signal, output }),
        ),
      () => log('stopping'),
    );
    print(line);
  });
}

const SPLITS = ['train', 'test'] as const;

interface Running {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

async function embedOwn(paths: readonly string[], flags: EmbedFlags, running: Running): Promise<string> {
  const [run = ''] = paths;
  if (paths.length > 1 || flags.maxPixels !== undefined) throw withoutEncoder(paths);
  const options = { ...defined({ split: flags.split }), ...running, changes: changesFrom(flags) };
  const { files, shape } = await embed(run, flags.out, options).catch((error: unknown) => {
    // As likely it is a folder of photos as a run that is misspelt.
    if (isProtoclError(error, 'RUN_FOLDER')) throw neither(run, error);
    throw error;
  });
  return `${shape[0]} features of length ${shape[1]}: ${files.join(', ')}`;
}

async function embedAny(
  paths: readonly string[],
  encoder: string,
  flags: EmbedFlags,
  { output, ...running }: Running & Pick<Terminal, 'output'>,
): Promise<string> {
  if (flags.split !== undefined) {
    throw pipelineError('USAGE', {
      message: 'images that are named have no splits',
      given: `--encoder together with --split ${flags.split}`,
      expected: 'one of them',
      remedy: 'To encode the images that a run has held out, name the run in the place of images',
    });
  }
  const display = createDisplay({ output });
  const { files, shape, skipped } = await embedImages(paths, encoder, flags.out, {
    signal: running.signal,
    ...defined({ maxPixels: flags.maxPixels }),
    log: (line) => display.print(printable(line)),
    changes: changesFrom(flags),
    onProgress: (done, total) => display.update(done, total, `${done} of ${total} images`),
  }).finally(() => display.stop());
  const all = shape[0] + skipped.length;
  if (skipped.length > 0) running.log(`left out: ${skipped.length} of ${all} images`);
  return `${shape[0]} features of length ${shape[1]}: ${files.join(', ')}`;
}

function neither(path: string, cause: Error): Error {
  return pipelineError('RUN_FOLDER', {
    message: 'this is not the folder of a run',
    given: path,
    expected: 'a folder with the config.json that `protocl train` wrote',
    remedy: 'To embed images, name what encodes them: --encoder RUN',
    cause,
  });
}

function withoutEncoder(paths: readonly string[]): Error {
  return pipelineError('USAGE', {
    message: 'a run’s own images are embedded, one run at a time, unless an encoder is named',
    given: paths.join(' '),
    expected: 'one run or checkpoint, or images and --encoder',
    remedy: 'To embed images, name what encodes them: --encoder RUN',
  });
}
