import { isProtoclError } from '@protocl/core';
import { Command } from 'commander';

import { compare, plannedRuns } from '../compare/compare.js';
import type { Comparison } from '../compare/comparison.js';
import { pipelineError } from '../errors.js';
import { grids } from '../presets/presets.js';
import { shellWord } from '../run/calledAs.js';
import { defined } from '../run/defined.js';
import { interruptible } from '../run/interruption.js';
import { collected, flagLayers, type ConfigFlags } from './configFlags.js';
import { atLeastOne, counts } from './counts.js';
import type { Terminal } from './terminal.js';

interface CompareFlags extends Pick<ConfigFlags, 'set' | 'epochs' | 'backend' | 'device' | 'threads'> {
  readonly out?: string;
  readonly seeds?: readonly number[];
  readonly parallel?: number;
  readonly only?: readonly string[];
  readonly encoder: boolean;
  readonly points?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * `protocl compare`: trains several configurations with several seeds, and sets them side by side.
 *
 * @param args of the whole command line, to tell how to go on
 */
export function compareCommand(
  { print, output, program, called = 'protocl' }: Terminal,
  args: readonly string[],
): Command {
  const log = (line: string) => output.write(`${line}\n`);
  return new Command('compare')
    .description(
      'Train several configurations with several seeds each, judge them all, and set them side by side.' +
        ' The same command goes on where it was interrupted, and skips what is done.',
    )
    .argument(
      '<configs...>',
      `a grid (a file with arms, or ${Object.keys(grids).join(', ')}), or files and presets of runs`,
    )
    .option('--out <folder>', 'where to write (default: runs/NAME)')
    .option('--seeds <numbers>', 'such as 1,2,3 (default: those of the grid, or 1)', counts)
    .option('--parallel <n>', 'runs at a time, each with its share of the processors', atLeastOne)
    .option('--only <arms>', 'train these arms alone, such as pcl,moco', (text) => text.split(','))
    .option('--set <key=value>', 'a setting of all arms, over their own; may be repeated', collected)
    .option('--epochs <n>', 'training.epochs')
    .option('--backend <name>', 'engine.backend')
    .option('--device <name>', 'engine.device')
    .option('--threads <n>', 'engine.threads of each run')
    .option('--points <n>', 'images of each run that the page shows, drawn at random', atLeastOne)
    .option('--no-encoder', 'leave out of the page what is computed from the encoders')
    .option('--dry-run', 'list the runs and how far each is, and do nothing')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nExample: protocl compare compare-demo --parallel 2' +
        '\n         protocl compare pcl-cifar10 moco-v2-cifar10 --seeds 1,2,3 --epochs 100 --out runs/both' +
        '\nCtrl-C ends each run after its step, with a checkpoint; a second one ends all at once.',
    )
    .action(async (configs: string[], flags: CompareFlags) => {
      const { out, seeds, parallel, only, encoder, points, set, epochs, backend, device, threads } = flags;
      const changes = flagLayers(defined({ set, epochs, backend, device, threads }));
      const planning = { ...defined({ out, seeds, parallel, only }), changes };
      if (flags.dryRun === true) {
        const runs = await plannedRuns(configs, planning);
        if (flags.json === true) print(JSON.stringify(runs, null, 2));
        else for (const line of listed(runs)) print(line);
        return;
      }
      const { comparison, table, page, failed } = await interruptible(
        (signal) => compare(configs, { ...planning, ...defined({ points, program }), encoder, log, signal }),
        () => output.write('\nstopping all runs after their steps; once more ends them at once\n'),
      ).catch((error: unknown) => {
        if (isProtoclError(error, 'INTERRUPTED'))
          log(`go on with it by: ${called} ${args.map(shellWord).join(' ')}`);
        throw error;
      });
      print(flags.json === true ? JSON.stringify(comparison, null, 2) : table);
      if (page !== undefined) log(`report ${page}`);
      if (failed.length === 0) {
        requireScores(comparison);
        return;
      }
      throw pipelineError('RUNS_FAILED', {
        message: [
          `${failed.length} of the runs failed`,
          ...failed.map(({ name, reason }) => `${name}: ${reason}`),
        ].join('\n'),
        remedy: '\nOnce the cause is mended, the same command tries them again',
      });
    });
}

/** Tells, once the others are printed, that some scores are missing. */
function requireScores({ arms }: Comparison): void {
  const unjudged = arms.flatMap(({ name, runs }) =>
    runs.filter(({ failures }) => failures !== undefined).map(({ seed }) => `${name}/seed-${seed}`),
  );
  if (unjudged.length === 0) return;
  throw pipelineError('SCORES_MISSING', {
    message: `some evaluators have no scores of ${unjudged.join(', ')}`,
    remedy: 'What is printed says why; the same comparison, with other settings of them, tries them again',
  });
}

function listed(runs: readonly { readonly name: string; readonly state: string }[]): string[] {
  const width = Math.max(...runs.map(({ name }) => name.length));
  const done = runs.filter(({ state }) => state === 'done').length;
  return [
    ...runs.map(({ name, state }) => `${name.padEnd(width)}  ${state}`),
    `${done} of ${runs.length} done`,
  ];
}
