import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

/** What the images of a check are; figures of a stand-in say nothing of CIFAR-10. */
export type ImagesKind = 'cifar10' | 'stand-in';

const MARK = 'STAND-IN.txt';
const TEXT = 'The images here are a few of CIFAR-10, repeated. What is measured with them is no result.\n';

/** What the cache of CIFAR-10 in a folder holds, as far as this check has put it there. */
export async function kindOfImages(cache: string): Promise<ImagesKind> {
  return stat(join(cache, MARK)).then(
    () => 'stand-in',
    () => 'cifar10',
  );
}

/**
 * Fills the cache in a folder. It counts as a stand-in from before the first such image is there until
 * after the last is gone.
 */
export async function fillCache(
  cache: string,
  kind: ImagesKind,
  fill: () => Promise<unknown>,
): Promise<void> {
  const mark = join(cache, MARK);
  if (kind === 'stand-in') await writeFileAtomic(mark, TEXT);
  await fill();
  if (kind === 'cifar10') await rm(mark, { force: true });
}
