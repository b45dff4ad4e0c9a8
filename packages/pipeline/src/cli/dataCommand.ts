import {
  checkPublished,
  datasetNames,
  fetchDataset,
  publishedLayouts,
  type PublishedName,
} from '@protocl/datasets';
import { Command } from 'commander';

import { nearestWord } from '@protocl/core/options';
import { pipelineError } from '../errors.js';
import { interruptible } from '../run/interruption.js';
import type { Terminal } from './terminal.js';

const PUBLISHED = Object.keys(publishedLayouts) as PublishedName[];
const NAMES = [...datasetNames, ...PUBLISHED];

/** `protocl data`: fetches a data set ahead of its use, or looks through one that is on the disk. */
export function dataCommand({ print, output }: Terminal): Command {
  const log = (line: string) => output.write(`${line}\n`);
  const stoppable = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    interruptible(work, () => log('stopping'));
  return new Command('data')
    .description(
      'Fetch a data set into the cache of this user, to train without a network later; or see whether one on the disk is whole.',
    )
    .argument('<name>', `${datasetNames.join(', ')}: fetched; ${PUBLISHED.join(', ')}: looked through`)
    .argument('[folder]', 'where the archives of a data set that is not fetched were unpacked')
    .addHelpText(
      'after',
      [
        '',
        'Example: protocl data cifar10',
        'Example: protocl data voc2007 /data/voc; without a folder it tells how the files have to lie.',
        'PROTOCL_CACHE names another folder for the cache.',
      ].join('\n'),
    )
    .action(async (name: string, folder: string | undefined) => {
      if (isPublished(name)) {
        if (folder === undefined) {
          print(layoutText(name));
          return;
        }
        const splits = await stoppable((signal) => checkPublished(name, folder, { signal }));
        for (const { split, images } of splits) print(`${split}  ${images} images`);
        return;
      }
      if (!datasetNames.includes(name)) throw unknownDataset(name);
      if (folder !== undefined) throw noFolder(name, folder);
      const { directory } = await stoppable((signal) => fetchDataset(name, { log, signal }));
      print(directory);
    });
}

function isPublished(name: string): name is PublishedName {
  return Object.hasOwn(publishedLayouts, name);
}

function layoutText(name: PublishedName): string {
  const { title, expected, source } = publishedLayouts[name];
  return [
    `${title} is not fetched. Unpack its archives (${source}) into one folder, so that it has`,
    ...expected.map((line) => `  ${line}`),
    `and train with data: { kind: ${name}, root: FOLDER }.`,
  ].join('\n');
}

function noFolder(name: string, folder: string): Error {
  return pipelineError('USAGE', {
    message: `${name} is fetched into the cache, and takes no folder`,
    given: folder,
    remedy: 'PROTOCL_CACHE names another folder for the cache',
  });
}

function unknownDataset(name: string): Error {
  const meant = nearestWord(name, NAMES);
  return pipelineError('UNKNOWN_NAME', {
    message: 'there is no such data set',
    given: name,
    expected: NAMES.join(', '),
    remedy: meant === undefined ? 'Image folders are used where they are' : `Did you mean ${meant}?`,
  });
}
