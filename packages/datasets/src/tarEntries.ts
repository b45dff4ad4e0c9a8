import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';

import { datasetError } from './errors.js';

/**
 * Reads the wanted files of a gzipped tar archive, one after the other, in the archive's order.
 *
 * @param wanted decides by the path inside the archive
 * @throws {ProtoclError} `DATASET_MALFORMED` if the archive cannot be read
 */
export async function* tarEntries(
  archivePath: string,
  wanted: (name: string) => boolean,
): AsyncGenerator<{ name: string; content: Buffer }> {
  const entries = extract();
  // A failure reaches the loop below through `entries`, which the pipeline destroys.
  const unpacking = pipeline(createReadStream(archivePath), createGunzip(), entries);
  unpacking.catch(() => undefined);
  try {
    for await (const entry of entries) {
      if (wanted(entry.header.name)) yield { name: entry.header.name, content: await buffer(entry) };
      else entry.resume();
    }
  } catch (cause) {
    throw datasetError('DATASET_MALFORMED', {
      message: 'an archive could not be unpacked',
      given: archivePath,
      expected: 'a gzipped tar archive',
      cause,
    });
  }
}
