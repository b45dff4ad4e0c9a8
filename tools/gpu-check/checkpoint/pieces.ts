import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256, writeFileAtomic } from '@protocl/core';

import { gpuCheckError } from '../errors.js';

/** A part of a content that is too large for one file. */
export interface Piece {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a content as numbered files, in the place of those that were there.
 *
 * @param stem begins their names, such as `checkpoint` for `checkpoint.001`
 * @param most bytes of each
 */
export async function writePieces(
  contents: readonly Uint8Array[],
  folder: string,
  { stem, most }: { readonly stem: string; readonly most: number },
): Promise<Piece[]> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (/^\.\d{3}$/.test(name.slice(stem.length)) && name.startsWith(stem)) await rm(join(folder, name));
  }
  const all = Buffer.concat(contents);
  const pieces: Piece[] = [];
  for (let begin = 0; begin < all.length; begin += most) {
    const name = `${stem}.${String(pieces.length + 1).padStart(3, '0')}`;
    const written = await writeFileAtomic(join(folder, name), all.subarray(begin, begin + most));
    pieces.push({ name, bytes: written.bytes, sha256: written.sha256 });
  }
  return pieces;
}

/**
 * The content that {@link writePieces} has written.
 *
 * @throws {ProtoclError} `CHECKPOINT_PIECES` that names all that are missing or not what was written
 */
export async function readPieces(pieces: readonly Piece[], folder: string): Promise<Buffer> {
  const problems: string[] = [];
  const contents: Buffer[] = [];
  for (const { name, sha256: digest } of pieces) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content === undefined) problems.push(`${name} missing`);
    else if (sha256(content) !== digest) problems.push(`${name} changed`);
    else contents.push(content);
  }
  if (problems.length > 0) throw incompleteCheckpoint(folder, problems);
  return Buffer.concat(contents);
}

export function incompleteCheckpoint(folder: string, problems: readonly string[]): Error {
  return gpuCheckError('CHECKPOINT_PIECES', {
    message: `the checkpoint that was carried to ${folder} is not whole`,
    given: problems.join(', '),
    expected: 'all files as they were packed',
    remedy: 'Carry these files again',
  });
}
