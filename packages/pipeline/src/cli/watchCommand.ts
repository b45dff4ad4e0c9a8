import { watchRun } from '@protocl/report';
import { Command, InvalidArgumentError } from 'commander';

import { interruptible } from '../run/interruption.js';
import type { Terminal } from './terminal.js';

/** `protocl watch`: a page of a run that goes on. */
export function watchCommand({ print, output }: Terminal): Command {
  return new Command('watch')
    .description('Serve the page of a run on this machine alone, up to date while it goes on.')
    .argument('<run>', 'the folder of a run')
    .option('--port <n>', 'on 127.0.0.1; 0 takes a free one', portNumber, 0)
    .addHelpText('after', '\nExample: protocl watch runs/pcl-demo-20250131-235959\nCtrl-C ends it.')
    .action(async (run: string, { port }: { readonly port: number }) => {
      await interruptible(
        async (signal) => {
          const { url, closed } = await watchRun(run, { port, signal });
          print(url);
          await closed;
        },
        () => output.write('\n'),
      );
    });
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('It has to be a port, 0 to 65535.');
}
