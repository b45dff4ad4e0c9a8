import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { datasetError } from './errors.js';

/** A published or pinned digest of a file. */
export interface FileDigest {
  readonly algorithm: 'md5' | 'sha256' | 'sha512';
  /** Lower-case hex. */
  readonly value: string;
}

/**
 * Checks that a file is the expected one.
 *
 * @throws {ProtoclError} `CHECKSUM_MISMATCH`
 */
export async function verifyFile(path: string, digest: FileDigest, source: string): Promise<void> {
  const hash = createHash(digest.algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  const actual = hash.digest('hex');
  if (actual === digest.value) return;
  throw datasetError('CHECKSUM_MISMATCH', {
    message: `the file from ${source} is damaged or has been replaced`,
    given: `${digest.algorithm} ${actual}`,
    expected: `${digest.algorithm} ${digest.value}`,
    remedy: 'Try again later or on another network; do not use that file',
  });
}
