import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { augmentError } from '../errors.js';

/** A path, or the bytes of a file. */
export type ImageSource = string | Uint8Array;

/** Larger files are left to the decoder, which need not hold all of one. */
const MOST_BYTES = 2 ** 25;

/**
 * The bytes of a file, where it is not too large for that; decoders take longer to read it themselves.
 * It is read at once: a thread that decodes images has nothing else to do, and asking for the parts
 * of a small file one after the other takes a tenth as long as decoding it.
 *
 * @throws AugmentError `IMAGE_NOT_READABLE`
 */
export function readSource(source: ImageSource): ImageSource {
  if (typeof source !== 'string') return source;
  try {
    const descriptor = openSync(source, 'r');
    try {
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw new Error('it is no file');
      return status.size <= MOST_BYTES ? readFileSync(descriptor) : source;
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw augmentError('IMAGE_NOT_READABLE', {
      message: 'an image file is not there or may not be read',
      given: source,
      remedy: 'Check the path and its permissions',
      cause,
    });
  }
}
