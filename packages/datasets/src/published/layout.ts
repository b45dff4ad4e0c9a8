import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { datasetError } from '../errors.js';

/** How the files of a published data set lie on the disk once its archives are unpacked. */
export interface DatasetLayout {
  /** For messages. */
  readonly title: string;
  /** Files and folders below the root, one a line, with what each of them is. */
  readonly expected: readonly string[];
  /** Where its owners give it out. */
  readonly source: string;
}

/** An error that names what is not there and what should be. */
export function incompleteError(layout: DatasetLayout, missing: string, cause?: unknown): Error {
  return datasetError('DATASET_INCOMPLETE', {
    message: `${layout.title} lacks a part on this disk`,
    given: `nothing at ${missing}`,
    expected: layout.expected.map((line) => line.replaceAll(/ +/g, ' ')).join('; '),
    remedy: `Unpack the archives of ${layout.source} into one folder, and pass that folder`,
    ...(cause !== undefined && { cause }),
  });
}

/** An error that names the file and the place in it that is not as the data set's format has it. */
export function malformedError(
  layout: DatasetLayout,
  { file, place, given, expected }: { file: string; place: string; given: string; expected: string },
): Error {
  return datasetError('DATASET_MALFORMED', {
    message: `${layout.title} has a file that is not as published: ${place} of ${file}`,
    given,
    expected,
    remedy: 'Unpack the archive that the file is from once more',
  });
}

/** Turns the error of a file system into one that says what the file was needed for. */
export function unreadableError(layout: DatasetLayout, path: string, cause: unknown): Error {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return incompleteError(layout, path, cause);
  return datasetError('FOLDER_NOT_READABLE', {
    message: `a part of ${layout.title} could not be read (${code})`,
    given: path,
    expected: 'a file or folder that this user may read',
    remedy: 'Check its permissions',
    cause,
  });
}

/** The first of some folders below the root that has the wanted part; undefined if none has. */
export async function firstWith(
  root: string,
  folders: readonly string[],
  part: string,
): Promise<string | undefined> {
  for (const folder of folders) {
    const isThere = await stat(join(root, folder, part)).then(
      () => true,
      () => false,
    );
    if (isThere) return join(root, folder);
  }
  return undefined;
}
