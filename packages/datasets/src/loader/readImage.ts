import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { datasetError } from '../errors.js';

/** Thrown for an image that is left out, with the reason as its message. */
export class UnusableImage extends Error {}

/** Bytes that a pixel takes in the largest of the formats: four channels of 16 bits. */
const MOST_BYTES_PER_PIXEL = 8;
/** Room for what a file has besides pixels. */
const EXTRA_BYTES = 2 ** 20;

/** What the file system says when one file can't be read; a run goes on without that file. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ELOOP']);
/** What it says when the file is not there any more. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ESTALE', 'ENODEV']);

/**
 * Reads the file of an image.
 *
 * @throws {UnusableImage} if this user may not read it, or it is too large for an image of
 *   `maxPixels`
 * @throws {ProtoclError} `FOLDER_CHANGED` if the file is gone: the rest of the run would not be what
 *   its seed says; `FOLDER_NOT_READABLE` for what isn't the file's fault, such as too many open files
 */
export async function readImage(root: string, path: string, maxPixels: number): Promise<Buffer> {
  try {
    const file = await open(join(root, path));
    try {
      const { size } = await file.stat();
      const most = MOST_BYTES_PER_PIXEL * maxPixels + EXTRA_BYTES;
      if (size > most) throw new UnusableImage(`the file is oversized: ${size} bytes, more than ${most}`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof UnusableImage) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (UNREADABLE.has(code)) throw new UnusableImage(`the file could not be read (${code})`);
    if (!GONE.has(code)) {
      throw datasetError('FOLDER_NOT_READABLE', {
        message: `an image could not be read (${code})`,
        given: join(root, path),
        cause,
      });
    }
    const rootIsThere = await stat(root).then(
      () => true,
      () => false,
    );
    throw datasetError('FOLDER_CHANGED', {
      message: rootIsThere
        ? 'an image is gone that was there when the folder was opened'
        : 'the image folder is gone',
      given: rootIsThere ? join(root, path) : root,
      expected: 'the files that the folder had when it was opened',
      remedy: 'Put it back and resume, or open the folder as it is now and start anew',
      cause,
    });
  }
}
