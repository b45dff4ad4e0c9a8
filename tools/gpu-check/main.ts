import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { isProtoclError } from '@protocl/core';

import { markdownOf } from './check/markdown.js';
import type { CheckRecord } from './check/record.js';
import { gpuCheckError } from './errors.js';
import { pack } from './pack/pack.js';
import { rehearse } from './rehearse/rehearse.js';

const workspace = join(import.meta.dirname, '../..');

const usage = `npm run gpu-check -- pack [options]

Packs the GPU check into parts that a machine without network and without Node can run: .gpu-check/part-1,
part-2 and so on, each of at most 55 MiB. There, part-1/run --help tells the rest.

  --images N           N drawn images in place of each split of CIFAR-10, to try the check out without its
                       139 MB; 0: no images
  --checkpoint FOLDER  the checkpoint that came home from another machine, to go on from
  --app                our code alone, as .gpu-check/part-app: to send it again after it was mended
  --out FOLDER         for the parts (default .gpu-check)

npm run gpu-check -- rehearse [options]

Packs the check, and runs its parts here as they will be run there: in a root filesystem with a compiler and a
Python with PyTorch, without Node and without a network, on the processor and with small sizes.

  --minutes N          of each call (default 6)
  --only LIST          these steps alone
  --images N           as above

npm run gpu-check -- table FILE

Prints a gpu-check.json as the docs show it.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      images: { type: 'string' },
      checkpoint: { type: 'string' },
      app: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '6' },
      only: { type: 'string' },
      out: { type: 'string', default: join(workspace, '.gpu-check') },
      help: { type: 'boolean', default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    console.log(usage);
    return values.help ? 0 : 1;
  }
  const images = values.images === undefined ? undefined : Number(values.images);
  if (images !== undefined && !(Number.isInteger(images) && images >= 0))
    throw usageError('--images is out of range', values.images!, 'a whole number of at least 0');
  const log = (line: string) => console.error(line);
  const packing = {
    out: resolve(values.out),
    appOnly: values.app,
    log,
    ...(images !== undefined && { images }),
  };
  switch (command) {
    case 'pack':
      await pack({
        ...packing,
        ...(values.checkpoint !== undefined && { checkpoint: resolve(values.checkpoint) }),
      });
      return 0;
    case 'rehearse': {
      const steps = values.only?.split(',');
      const { broken } = await rehearse({
        parts: await pack(packing),
        device: 'cpu',
        minutes: Number(values.minutes),
        log,
        ...(steps && { steps }),
      });
      console.log(broken.length === 0 ? 'The check is ready to travel.' : broken.join('\n'));
      return broken.length === 0 ? 0 : 1;
    }
    case 'table':
      for (const file of rest)
        console.log(markdownOf(JSON.parse(await readFile(file, 'utf8')) as CheckRecord));
      return 0;
    default:
      throw usageError('there is no such command', command, 'pack, rehearse or table');
  }
}

function usageError(message: string, given: string, expected: string): Error {
  return gpuCheckError('CHECK_USAGE', { message, given, expected, remedy: `Usage: ${usage}` });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // An error with a code has a message for the user; any other is a defect, and its stack tells more.
  console.error(isProtoclError(error) ? error.message : error);
  process.exitCode = 1;
}
