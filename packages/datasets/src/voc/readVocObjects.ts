import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { requireKnownOptions } from '@protocl/core';

import { unreadableError } from '../published/layout.js';
import type { VocFolder } from './openVoc2007.js';
import { parseVocAnnotation, type VocAnnotation } from './vocAnnotation.js';
import { VOC2007_LAYOUT } from './vocLayout.js';

/** Files that are read at once. */
const AT_ONCE = 32;

/**
 * Reads the boxes of all images of a split, with what is difficult and what is truncated.
 *
 * @param folder from `openVoc2007`
 * @returns one for each of the folder's files, in their order
 * @throws {ProtoclError} `DATASET_INCOMPLETE` for an annotation that is not there; `DATASET_MALFORMED`
 *   with the file and the element; `FOLDER_NOT_READABLE`
 */
export async function readVocObjects(
  folder: VocFolder,
  options: { readonly signal?: AbortSignal } = {},
): Promise<VocAnnotation[]> {
  requireKnownOptions('readVocObjects', options, { signal: true });
  const { signal } = options;
  const { path, files } = folder;
  const annotations: VocAnnotation[] = [];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    signal?.throwIfAborted();
    const some = files.slice(start, start + AT_ONCE);
    annotations.push(...(await Promise.all(some.map((image) => readAnnotation(path, image)))));
  }
  return annotations;
}

async function readAnnotation(path: string, image: string): Promise<VocAnnotation> {
  const file = join(path, 'Annotations', `${basename(image, '.jpg')}.xml`);
  let xml: string;
  try {
    xml = await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadableError(VOC2007_LAYOUT, file, cause);
  }
  return parseVocAnnotation(xml, file);
}
