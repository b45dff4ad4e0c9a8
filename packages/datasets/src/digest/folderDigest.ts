import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { requireKnownOptions } from '@protocl/core';

import type { ImageFolder } from '../folder/imageFolder.js';
import { byClass, digestOf, digestOfLabels, type SplitDigest } from './splitDigest.js';

/** What tells the images of a folder from others, wherever the folder is. */
export interface FolderDigest extends SplitDigest, FilesDigest {
  /** Of each class, to say which of them have changed; of digests the first half. */
  readonly classes: Readonly<Record<string, FilesDigest>>;
}

interface FilesDigest {
  readonly images: number;
  /** SHA-256 of the files' names, in their order. */
  readonly names: string;
  /** SHA-256 of the files' sizes, in that order. */
  readonly sizes: string;
}

/** How many files are asked for their sizes at once: more than there are threads for that. */
const AT_ONCE = 64;
const HALF = 32;

/**
 * Digests the images of a folder, without opening them: their names, sizes, order and labels. That an
 * image was replaced by one of as many bytes is not noticed: reading all of them would take as long as
 * an epoch, and the times of files change when a folder is copied.
 *
 * @throws the signal's reason
 */
export async function digestFolder(
  folder: Pick<ImageFolder, 'path' | 'files' | 'labels' | 'classNames'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FolderDigest> {
  requireKnownOptions('digestFolder', options, { signal: true });
  const { signal } = options;
  const { path, files, labels, classNames } = folder;
  const sizes: number[] = [];
  for (let begin = 0; begin < files.length; begin += AT_ONCE) {
    signal?.throwIfAborted();
    const some = files.slice(begin, begin + AT_ONCE);
    sizes.push(...(await Promise.all(some.map((file) => sizeOf(join(path, file))))));
  }
  const members = classNames.map((): number[] => []);
  for (const [index, label] of labels.entries()) members[label]?.push(index);
  const digested = (indices: readonly number[]): FilesDigest => ({
    images: indices.length,
    names: digestOf(lines(indices, (index) => files[index]!)),
    sizes: digestOf(lines(indices, (index) => sizes[index]!)),
  });
  return {
    ...digested([...files.keys()]),
    labels: digestOfLabels(labels, classNames),
    classes: byClass(classNames, (label) => {
      const { images, names, sizes: ofClass } = digested(members[label]!);
      return { images, names: names.slice(0, HALF), sizes: ofClass.slice(0, HALF) };
    }),
  };
}

/** -1 where that cannot be told, as of a file that is gone. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => -1,
  );
}

function* lines(indices: readonly number[], of: (index: number) => string | number): Generator<string> {
  // No name has this character, so that no two lists come to the same text.
  for (const index of indices) yield `${of(index)}\0`;
}
