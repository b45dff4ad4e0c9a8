import { isProtoclError } from '@protocl/core';
import {
  openImageFolder,
  openImageNet,
  openPlaces205,
  openVoc2007,
  type ImageFolder,
  type ImageFolderOptions,
  type VocFolder,
} from '@protocl/datasets';

import { AUTO } from '../config/sections/automatic.js';
import type { OpenFileData } from '../config/sections/data.js';

/** The images of a split: of a folder, or of a data set in its published layout. */
export type SplitFolder = ImageFolder | VocFolder;

/** The folders of a run, opened. */
export interface ImageFolders {
  readonly train: SplitFolder;
  /** Undefined where there is nothing to judge by. */
  readonly test: SplitFolder | undefined;
}

/**
 * Opens the training images and the held-out ones that a configuration names.
 *
 * @throws {ProtoclError} what the data sets throw: `FOLDER_NOT_READABLE`, `FOLDER_EMPTY`;
 *   `DATASET_INCOMPLETE`, `DATASET_MALFORMED` for a published layout
 */
export async function openFolders(
  data: OpenFileData,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ImageFolders> {
  const options = { maxPixels: data.maxPixels, ...(signal && { signal }) };
  switch (data.kind) {
    case 'folder': {
      const { classes, test } = data;
      const train = await (classes === AUTO
        ? openWhatIsThere(data.train, options)
        : openImageFolder(data.train, { classes, ...options }));
      // Without classes there is nothing to judge by.
      const isJudged = test !== undefined && train.classNames.length > 0;
      return {
        train,
        test: isJudged ? await openImageFolder(test, { classes: 'folders', ...options }) : undefined,
      };
    }
    case 'voc2007':
      return {
        train: await openVoc2007(data.root, { split: 'trainval', ...options }),
        test: await openVoc2007(data.root, { split: 'test', ...options }),
      };
    case 'imagenet':
      return {
        train: await openImageNet(data.root, { split: 'train', ...options }),
        test: await openImageNet(data.root, { split: 'val', ...options }),
      };
    case 'places205':
      return {
        train: await openPlaces205(data.root, { split: 'train', ...options }),
        test: await openPlaces205(data.root, { split: 'val', ...options }),
      };
    default:
      return data satisfies never;
  }
}

/** With its sub-folders as classes, or without classes where no sub-folder has an image. */
async function openWhatIsThere(path: string, options: ImageFolderOptions): Promise<ImageFolder> {
  try {
    return await openImageFolder(path, { classes: 'folders', ...options });
  } catch (error) {
    if (!isProtoclError(error, 'FOLDER_EMPTY')) throw error;
    return openImageFolder(path, { classes: 'none', ...options });
  }
}
