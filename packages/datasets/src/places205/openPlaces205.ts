import { join, posix, resolve } from 'node:path';

import type { ImageFolder } from '../folder/imageFolder.js';
import { firstWith, incompleteError, type DatasetLayout } from '../published/layout.js';
import { checkedMaxPixels, type PublishedOptions } from '../published/publishedOptions.js';
import { readImageList } from '../published/readImageList.js';
import { requireFiles } from '../published/requireFiles.js';

export type Places205Split = 'train' | 'val';
export type Places205Options = PublishedOptions<Places205Split>;

const SPLITS: readonly Places205Split[] = ['train', 'val'];
const CLASSES = 205;
const LISTS = 'trainvalsplit_places205';
/** The archive of the images holds the path that they had at their authors'. */
const IMAGES = ['data/vision/torralba/deeplearning/images256', 'images256'];

export const PLACES205_LAYOUT: DatasetLayout = {
  title: 'Places205',
  expected: [
    `${LISTS}/train_places205.csv  lines such as a/abbey/gsun_0003.jpg 0`,
    `${LISTS}/val_places205.csv    the same for the held-out images`,
    `${IMAGES[0]}/  the images below it, or below images256/`,
  ],
  source: 'places.csail.mit.edu',
};

/**
 * Opens Places205 as its archives unpack, in the order of its list, without opening any image.
 *
 * A class is named after the folder of its images, such as `a/abbey`; one that the list has no image
 * of is named `class` and its label.
 *
 * Source: Zhou et al., "Learning Deep Features for Scene Recognition using Places Database", NIPS 2014.
 *
 * @param root the folder that the archives were unpacked into
 * @throws {ProtoclError} `DATASET_INCOMPLETE` with what is missing; `DATASET_MALFORMED` with file and
 *   line; `FOLDER_NOT_READABLE`, `INVALID_OPTION`
 */
export async function openPlaces205(root: string, options: Places205Options): Promise<ImageFolder> {
  const maxPixels = checkedMaxPixels('openPlaces205', options, SPLITS);
  const { split, signal } = options;
  const base = resolve(root);
  const list = join(base, LISTS, `${split}_places205.csv`);
  const { files, labels } = await readImageList(PLACES205_LAYOUT, list, CLASSES);
  const path = await firstWith(base, IMAGES, '.');
  if (path === undefined) throw incompleteError(PLACES205_LAYOUT, join(base, IMAGES[0]!));
  await requireFiles(PLACES205_LAYOUT, { root: path, files, list, signal });
  return { path, files, labels, classNames: classNames(files, labels), maxPixels, skipped: [] };
}

function classNames(files: readonly string[], labels: Int32Array): string[] {
  const names = Array.from({ length: CLASSES }, (_, label) => `class ${label}`);
  const isNamed = new Uint8Array(CLASSES);
  for (const [index, label] of labels.entries()) {
    if (isNamed[label] === 1) continue;
    names[label] = posix.dirname(files[index]!);
    isNamed[label] = 1;
  }
  return names;
}
