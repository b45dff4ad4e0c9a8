import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { ImageFolder } from '../folder/imageFolder.js';
import { openImageFolder } from '../folder/openImageFolder.js';
import { firstWith, incompleteError, malformedError, unreadableError } from '../published/layout.js';
import { checkedMaxPixels, type PublishedOptions } from '../published/publishedOptions.js';
import { readImageList } from '../published/readImageList.js';
import { requireFiles } from '../published/requireFiles.js';
import { IMAGENET_LAYOUT, SYNSET, VALIDATION_LISTS } from './imageNetLayout.js';
import { readSynsetWords, type SynsetWords } from './readSynsetWords.js';

export type ImageNetSplit = 'train' | 'val';
export type ImageNetOptions = PublishedOptions<ImageNetSplit>;

/** The images of a split of ImageNet. */
export interface ImageNetFolder extends ImageFolder {
  /** The WordNet synset of each class, sorted; `classNames` are its words where a file tells them. */
  readonly synsets: readonly string[];
}

const SPLITS: readonly ImageNetSplit[] = ['train', 'val'];

/**
 * Opens ImageNet (ILSVRC 2012), without opening any image: class folders for training; for the
 * held-out images class folders too, or the files as they are in their archive and a list.
 *
 * Labels are the places of the synsets in their order, whichever split is opened: those of the folders
 * in `train`, or, where there is no such folder, those of the synset words.
 *
 * Source: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015.
 *
 * @param root the folder that has `train` and `val`
 * @throws {ProtoclError} `DATASET_INCOMPLETE` with what is missing; `DATASET_MALFORMED` with file and
 *   line, or the folder that is no class; `FOLDER_EMPTY`, `FOLDER_NOT_READABLE`, `INVALID_OPTION`
 */
export async function openImageNet(root: string, options: ImageNetOptions): Promise<ImageNetFolder> {
  const maxPixels = checkedMaxPixels('openImageNet', options, SPLITS);
  const { split, signal } = options;
  const base = resolve(root);
  const told = await readSynsetWords(base);
  const hasTrain = (await firstWith(base, ['.'], 'train')) !== undefined;
  // The labels of held-out images mean something without the training images too.
  const isTold = split === 'val' && !hasTrain && told !== undefined;
  const synsets = isTold ? [...told.words.keys()].sort() : await synsetsIn(join(base, 'train'));
  if (synsets.length === 0) throw incompleteError(IMAGENET_LAYOUT, join(base, 'train/n*'));
  const folder =
    split === 'val' && (await synsetsIn(join(base, 'val'))).length === 0
      ? await openListed(base, synsets.length, { maxPixels, signal })
      : await openImageFolder(join(base, split), { maxPixels, ...(signal && { signal }) });
  return {
    ...folder,
    labels: labelsAmong(synsets, folder),
    synsets,
    classNames: told ? synsets.map((synset) => wordsOf(synset, told)) : synsets,
  };
}

/** The folders that are classes, sorted. */
async function synsetsIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && SYNSET.test(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    throw unreadableError(IMAGENET_LAYOUT, path, cause);
  }
}

/** Held-out images that lie all in one folder, and the list of their classes. */
async function openListed(
  base: string,
  classes: number,
  { maxPixels, signal }: { readonly maxPixels: number; readonly signal: AbortSignal | undefined },
): Promise<ImageFolder> {
  for (const name of VALIDATION_LISTS) {
    if ((await firstWith(base, ['.'], name)) === undefined) continue;
    const list = join(base, name);
    const { files, labels } = await readImageList(IMAGENET_LAYOUT, list, classes);
    const path = join(base, 'val');
    await requireFiles(IMAGENET_LAYOUT, { root: path, files, list, signal });
    return { path, files, labels, classNames: [], maxPixels, skipped: [] };
  }
  throw incompleteError(IMAGENET_LAYOUT, join(base, VALIDATION_LISTS[0]));
}

/** Labels that count all synsets, from those that count the folders of one split. */
function labelsAmong(synsets: readonly string[], { path, labels, classNames }: ImageFolder): Int32Array {
  if (classNames.length === 0) return labels;
  const places = new Map(synsets.map((synset, place) => [synset, place]));
  const placeOf = classNames.map((name) => {
    const place = places.get(name);
    if (place !== undefined) return place;
    throw malformedError(IMAGENET_LAYOUT, {
      file: path,
      place: 'a class folder',
      given: name,
      expected: `one of the ${synsets.length} synsets, such as ${synsets[0]}`,
    });
  });
  return labels.map((label) => placeOf[label]!);
}

function wordsOf(synset: string, { file, words }: SynsetWords): string {
  const found = words.get(synset);
  if (found !== undefined) return found;
  throw malformedError(IMAGENET_LAYOUT, {
    file,
    place: 'all',
    given: `no line for ${synset}`,
    expected: 'a line for each class',
  });
}
