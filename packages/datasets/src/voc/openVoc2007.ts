import { join, resolve } from 'node:path';

import type { ImageFolder } from '../folder/imageFolder.js';
import { firstWith, incompleteError, malformedError } from '../published/layout.js';
import { checkedMaxPixels, type PublishedOptions } from '../published/publishedOptions.js';
import { readLines } from '../published/readLines.js';
import { requireFiles } from '../published/requireFiles.js';
import { LISTS, VOC2007_LAYOUT, VOC_CLASSES } from './vocLayout.js';

export type VocSplit = 'train' | 'val' | 'trainval' | 'test';
export type VocOptions = PublishedOptions<VocSplit>;

/** The images of a split of Pascal VOC. An image has no one class, so `labels` are -1 and `classNames` empty. */
export interface VocFolder extends ImageFolder {
  /** The 20 classes of objects. */
  readonly objectClasses: readonly string[];
  /**
   * int8 [n, 20]: for each image and class 1 if an object of it can be recognised, 0 if there are only
   * difficult ones, -1 if there is none.
   */
  readonly annotations: Int8Array;
}

const SPLITS: readonly VocSplit[] = ['train', 'val', 'trainval', 'test'];
/** The folder itself may be passed, or one above it. */
const ROOTS = ['.', 'VOC2007', 'VOCdevkit/VOC2007'];
const IDENTIFIER = /^\w+$/;
const ANNOTATION = /^(\w+)\s+(1|0|-1)$/;

/**
 * Opens Pascal VOC 2007 as its archives unpack, in the order of the split's list, without opening any
 * image. `readVocObjects` reads the boxes.
 *
 * Source: Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", IJCV 2010.
 *
 * @param root the folder that holds `VOCdevkit`, `VOCdevkit` itself, or `VOC2007` in it
 * @throws {ProtoclError} `DATASET_INCOMPLETE` with what is missing; `DATASET_MALFORMED` with file and
 *   line; `FOLDER_NOT_READABLE`, `INVALID_OPTION`
 */
export async function openVoc2007(root: string, options: VocOptions): Promise<VocFolder> {
  const maxPixels = checkedMaxPixels('openVoc2007', options, SPLITS);
  const { split, signal } = options;
  const base = resolve(root);
  const path = await firstWith(base, ROOTS, LISTS);
  if (path === undefined) throw incompleteError(VOC2007_LAYOUT, join(base, ROOTS.at(-1)!, LISTS));
  const list = join(path, LISTS, `${split}.txt`);
  const images = await readIdentifiers(list);
  const files = [...images.keys()].map((image) => `JPEGImages/${image}.jpg`);
  const annotations = new Int8Array(images.size * VOC_CLASSES.length);
  for (const [column, name] of VOC_CLASSES.entries()) {
    signal?.throwIfAborted();
    const values = await readClassList(join(path, LISTS, `${name}_${split}.txt`), images);
    for (const [row, value] of values.entries()) annotations[row * VOC_CLASSES.length + column] = value;
  }
  await requireFiles(VOC2007_LAYOUT, { root: path, files, list, signal });
  const labels = new Int32Array(files.length).fill(-1);
  return {
    path,
    files,
    labels,
    classNames: [],
    maxPixels,
    skipped: [],
    objectClasses: VOC_CLASSES,
    annotations,
  };
}

/** The images of a split and their places in it. */
async function readIdentifiers(file: string): Promise<ReadonlyMap<string, number>> {
  const images = new Map<string, number>();
  for (const { number, text } of await readLines(VOC2007_LAYOUT, file)) {
    if (!IDENTIFIER.test(text) || images.has(text)) {
      throw malformedError(VOC2007_LAYOUT, {
        file,
        place: `line ${number}`,
        given: text,
        expected: 'the number of an image, each once',
      });
    }
    images.set(text, images.size);
  }
  if (images.size > 0) return images;
  throw malformedError(VOC2007_LAYOUT, {
    file,
    place: 'all',
    given: 'no line',
    expected: 'a line for each image',
  });
}

/** Whether each image of a split shows a class, int8 [n]. */
async function readClassList(file: string, images: ReadonlyMap<string, number>): Promise<Int8Array> {
  const UNKNOWN = 2;
  const values = new Int8Array(images.size).fill(UNKNOWN);
  for (const { number, text } of await readLines(VOC2007_LAYOUT, file)) {
    const [, image = '', value] = ANNOTATION.exec(text) ?? [];
    const row = images.get(image);
    if (row === undefined || values[row] !== UNKNOWN) {
      throw malformedError(VOC2007_LAYOUT, {
        file,
        place: `line ${number}`,
        given: text,
        expected: 'the number of an image of the split, each once, a blank and 1, 0 or -1',
      });
    }
    values[row] = Number(value);
  }
  const missing = values.indexOf(UNKNOWN);
  if (missing === -1) return values;
  throw malformedError(VOC2007_LAYOUT, {
    file,
    place: 'all',
    given: `no line for image ${[...images.keys()][missing]}`,
    expected: 'a line for each image of the split',
  });
}
