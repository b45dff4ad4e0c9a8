import { requireKnownOptions } from '@protocl/core';

import { openImageNet } from '../imageNet/openImageNet.js';
import { IMAGENET_LAYOUT } from '../imageNet/imageNetLayout.js';
import { openPlaces205, PLACES205_LAYOUT } from '../places205/openPlaces205.js';
import { openVoc2007 } from '../voc/openVoc2007.js';
import { readVocObjects } from '../voc/readVocObjects.js';
import { VOC2007_LAYOUT } from '../voc/vocLayout.js';
import type { DatasetLayout } from './layout.js';

/** The data sets that are read from the disk in the layout that they are published in. */
export type PublishedName = 'voc2007' | 'imagenet' | 'places205';

/** How their files lie on the disk, to be shown. */
export const publishedLayouts: Readonly<Record<PublishedName, DatasetLayout>> = {
  voc2007: VOC2007_LAYOUT,
  imagenet: IMAGENET_LAYOUT,
  places205: PLACES205_LAYOUT,
};

/** A split that was found whole. */
export interface CheckedSplit {
  readonly split: string;
  readonly images: number;
}

/**
 * Opens every split of a data set, and reads all annotations, without decoding an image.
 *
 * @param root the folder that holds the data set
 * @throws {ProtoclError} `DATASET_INCOMPLETE`, `DATASET_MALFORMED`, `FOLDER_EMPTY` or
 *   `FOLDER_NOT_READABLE` with the first thing that is wrong
 */
export async function checkPublished(
  name: PublishedName,
  root: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<CheckedSplit[]> {
  requireKnownOptions('checkPublished', options, { signal: true });
  const { signal } = options;
  const stop = signal ? { signal } : {};
  const found: CheckedSplit[] = [];
  const note = (split: string, files: readonly string[]) => found.push({ split, images: files.length });
  switch (name) {
    case 'voc2007':
      for (const split of ['train', 'val', 'trainval', 'test'] as const) {
        const folder = await openVoc2007(root, { split, ...stop });
        // Those of train and val are in trainval too.
        if (split === 'trainval' || split === 'test') await readVocObjects(folder, stop);
        note(split, folder.files);
      }
      return found;
    case 'imagenet':
      for (const split of ['train', 'val'] as const) {
        note(split, (await openImageNet(root, { split, ...stop })).files);
      }
      return found;
    case 'places205':
      for (const split of ['train', 'val'] as const) {
        note(split, (await openPlaces205(root, { split, ...stop })).files);
      }
      return found;
    default:
      return name satisfies never;
  }
}
