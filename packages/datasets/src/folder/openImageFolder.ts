import { resolve } from 'node:path';

import { isProtoclError, requireKnownOptions, type OptionNames } from '@protocl/core';

import { requireWhole } from '../epochOrder.js';
import { datasetError } from '../errors.js';
import type { ImageFolder, SkippedEntry } from './imageFolder.js';
import { FolderWalk, type FolderEntry } from './walkFolder.js';

export interface ImageFolderOptions {
  /**
   * `'folders'` (default): every sub-folder is a class, which all images below it belong to. `'none'`:
   * all images below the folder, without labels.
   */
  readonly classes?: 'folders' | 'none';
  /** An image with more pixels is left out by the loader; 100 million by default. */
  readonly maxPixels?: number;
  /** Ends of the names of image files, without the dot, in any case. */
  readonly extensions?: readonly string[];
  /** Stops the search. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<ImageFolderOptions> = {
  classes: true,
  maxPixels: true,
  extensions: true,
  signal: true,
};

/** Those of the formats that every build of sharp reads. */
const EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff'];
/** Pixels of the largest image that is loaded unless another limit is given. */
export const MAX_PIXELS = 100_000_000;
export const MOST_PIXELS = 2 ** 40;

const OUTSIDE = 'outside of the class folders';

/**
 * Finds the images of a folder, without opening any of them.
 *
 * Images and classes are sorted by name, level by level, in the order of UTF-16 code units. Links are
 * followed, but within a class no folder is read twice. Sub-folders whose names differ in Unicode's composition
 * alone are one class, under the composed name (NFC). A class may be empty: the labels of two
 * folders with the same classes mean the same. Hidden files (`.name`) are left out; so is, with a
 * reason in `skipped`, what can't be read and, where there are classes, an image outside of them.
 *
 * @throws {ProtoclError} `FOLDER_NOT_READABLE`, `FOLDER_EMPTY` if there is no image, `INVALID_OPTION`
 */
export async function openImageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  requireKnownOptions('openImageFolder', options, OPTIONS);
  const { classes = 'folders', maxPixels = MAX_PIXELS, extensions = EXTENSIONS, signal } = options;
  if (classes !== 'folders' && classes !== 'none') {
    throw datasetError('INVALID_OPTION', {
      message: 'an image folder has no such classes',
      given: classes,
      expected: "'folders' or 'none'",
      remedy: 'Pass one of these as classes',
    });
  }
  requireWhole('maxPixels', maxPixels, 1, MOST_PIXELS);
  const endings = extensions.map((extension) => `.${extension.replace(/^\./, '').toLowerCase()}`);
  const wanted = (name: string) => endings.some((ending) => name.toLowerCase().endsWith(ending));
  const root = resolve(path);
  const walk = new FolderWalk(root, wanted, signal);
  try {
    const found = classes === 'none' ? await unlabelled(walk) : await labelled(walk);
    if (walk.files.length === 0) throw emptyFolder(root, classes, endings, walk.skipped);
    return { path: root, files: walk.files, maxPixels, skipped: walk.skipped, ...found };
  } catch (cause) {
    signal?.throwIfAborted();
    if (isProtoclError(cause)) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw datasetError('FOLDER_NOT_READABLE', {
      message: `the image folder could not be read (${code})`,
      given: root,
      expected: 'a folder that this user may read',
      remedy: 'Check the path and its permissions',
      cause,
    });
  }
}

type Labels = Pick<ImageFolder, 'labels' | 'classNames'>;

async function unlabelled(walk: FolderWalk): Promise<Labels> {
  await walk.collect('');
  return { labels: new Int32Array(walk.files.length).fill(-1), classNames: [] };
}

async function labelled(walk: FolderWalk): Promise<Labels> {
  const classNames: string[] = [];
  const ranges: { readonly label: number; readonly end: number }[] = [];
  for (const entry of inOrderOfClasses(await walk.entries(''))) {
    if (entry.kind !== 'folder') {
      if (walk.wants(entry.name)) walk.skipped.push({ path: entry.path, reason: OUTSIDE });
      continue;
    }
    const before = walk.files.length;
    await walk.collect(entry.path);
    if (walk.files.length === before)
      walk.skipped.push({ path: entry.path, reason: 'a class without images' });
    const name = entry.name.normalize();
    if (classNames.at(-1) !== name) classNames.push(name);
    ranges.push({ label: classNames.length - 1, end: walk.files.length });
  }
  const labels = new Int32Array(walk.files.length);
  ranges.forEach(({ label, end }, at) => labels.fill(label, at === 0 ? 0 : ranges[at - 1]!.end, end));
  return { labels, classNames };
}

/**
 * Sorted by what the names mean: some systems write é as one character and some as two, and it is the same
 * class, in the same place, on all of them.
 */
function inOrderOfClasses(entries: readonly FolderEntry[]): FolderEntry[] {
  const named = entries.map((entry) => ({ entry, name: entry.name.normalize() }));
  named.sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return named.map(({ entry }) => entry);
}

function emptyFolder(
  root: string,
  classes: 'folders' | 'none',
  endings: readonly string[],
  skipped: readonly SkippedEntry[],
): Error {
  const outside = skipped.some(({ reason }) => reason === OUTSIDE);
  const others = skipped.slice(0, 3).map(({ path, reason }) => `; ${path}: ${reason}`);
  return datasetError('FOLDER_EMPTY', {
    message: classes === 'none' ? 'the folder has no image' : 'the folder has no sub-folder with an image',
    given: `${root}${others.join('')}`,
    expected: `files that end in ${endings.join(', ')}`,
    remedy: outside ? "For images without classes pass classes: 'none'" : 'Check the path',
  });
}
