import { stat } from 'node:fs/promises';
import { join, parse, relative, resolve, sep } from 'node:path';

import { MAX_PIXELS, openImageFolder, type ImageFolder, type SkippedEntry } from '@protocl/datasets';

import { pipelineError } from '../errors.js';

/** Image files from anywhere, to be loaded as a folder's are. */
export interface OpenedImages {
  readonly folder: ImageFolder;
  /** What each file of the folder is called by whoever named it: as `find` would list it. */
  readonly names: readonly string[];
  /** What cannot be opened, under such names. */
  readonly skipped: readonly SkippedEntry[];
}

export interface OpenImagesOptions {
  readonly maxPixels?: number;
  readonly signal?: AbortSignal;
}

/**
 * Finds the images of folders, with all folders below them, and takes files as they are, whatever their names end in.
 * Their order is that in which they were named; within a folder they are sorted.
 *
 * @param paths of folders and of image files
 * @throws {ProtoclError} `INVALID_OPTION` if there is none, or not all of them are on one drive; `IMAGES_NOT_FOUND` if
 *   one is not there; what `openImageFolder` throws, such as `FOLDER_EMPTY`
 */
export async function openImages(
  paths: readonly string[],
  { maxPixels = MAX_PIXELS, signal }: OpenImagesOptions = {},
): Promise<OpenedImages> {
  if (paths.length === 0) {
    throw pipelineError('INVALID_OPTION', {
      message: 'there are no images to open',
      given: paths,
      expected: 'the paths of folders or of image files',
    });
  }
  const root = parse(resolve(paths[0]!)).root;
  const files: string[] = [];
  const names: string[] = [];
  const skipped: SkippedEntry[] = [];
  for (const path of paths) {
    signal?.throwIfAborted();
    requireSameDrive(path, root);
    if (!(await isFolder(path))) {
      files.push(belowRoot(root, path));
      names.push(path);
      continue;
    }
    const folder = await openImageFolder(path, { classes: 'none', maxPixels, ...(signal && { signal }) });
    // One by one: a call has a limit of arguments.
    for (const file of folder.files) {
      files.push(belowRoot(root, join(folder.path, file)));
      names.push(join(path, file));
    }
    for (const { path: file, reason } of folder.skipped) skipped.push({ path: join(path, file), reason });
  }
  const labels = new Int32Array(files.length).fill(-1);
  return { folder: { path: root, files, labels, classNames: [], maxPixels, skipped: [] }, names, skipped };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw pipelineError('IMAGES_NOT_FOUND', {
      message: `an image or a folder of images could not be opened (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      given: path,
      expected: 'the path of a file or a folder that is there',
      remedy: 'Check the path and its permissions',
      cause,
    });
  }
}

/** As the loader takes paths: with slashes on every platform. */
function belowRoot(root: string, path: string): string {
  return relative(root, resolve(path)).split(sep).join('/');
}

function requireSameDrive(path: string, root: string): void {
  if (parse(resolve(path)).root === root) return;
  throw pipelineError('INVALID_OPTION', {
    message: 'the images are on several drives',
    given: path,
    expected: `paths on ${root}`,
    remedy: 'Encode those of each drive on their own',
  });
}
