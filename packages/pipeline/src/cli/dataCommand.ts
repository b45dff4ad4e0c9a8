import { datasetNames, fetchDataset } from '@protocl/datasets';
import { Command } from 'commander';

import { nearestWord } from '../config/editDistance.js';
import { pipelineError } from '../errors.js';
import { interruptible } from '../run/interruption.js';
import type { Terminal } from './terminal.js';

/** `protocl data`: fetches a data set ahead of its use. */
export function dataCommand({ print, output }: Terminal): Command {
  return new Command('data')
    .description('Fetch a data set into the cache of this user, to train without a network later.')
    .argument('<name>', datasetNames.join(' or '))
    .addHelpText(
      'after',
      '\nExample: protocl data cifar10\nPROTOCL_CACHE names another folder for the cache.',
    )
    .action(async (name: string) => {
      if (!datasetNames.includes(name)) throw unknownDataset(name);
      const log = (line: string) => output.write(`${line}\n`);
      const { directory } = await interruptible(
        (signal) => fetchDataset(name, { log, signal }),
        () => log('stopping'),
      );
      print(directory);
    });
}

function unknownDataset(name: string): Error {
  const meant = nearestWord(name, datasetNames);
  return pipelineError('UNKNOWN_NAME', {
    message: 'there is no such data set to fetch',
    given: name,
    expected: datasetNames.join(', '),
    remedy: meant === undefined ? 'Image folders are used where they are' : `Did you mean ${meant}?`,
  });
}
