// Holds the folder that it is given for longer than other processes take to come, and says so, or why not.

import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isProtoclError } from '@protocl/core';

import { withFolderLocked } from '../../src/run/folderLock.js';

const folder = process.argv[2]!;
const inside = join(folder, 'inside');

try {
  await withFolderLocked(folder, 'run', async () => {
    // Fails if another one is inside.
    await mkdir(inside);
    await sleep(5000);
    await rmdir(inside);
  });
  console.log('alone');
} catch (error) {
  console.log(isProtoclError(error) ? error.code : error);
}
