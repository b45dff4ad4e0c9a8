import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { writeStreamAtomic } from '@protocl/core';

import type { Split } from './split.js';

/**
 * What a file holds in which a split is cached:
 *
 * | bytes | content |
 * |---|---|
 * | 8 | the format's name and version |
 * | 32 | SHA-256 of all that follows |
 * | 4 | number of images n, little-endian |
 * | n | labels |
 * | n times `imageBytes` | images, NHWC |
 */
export interface SplitFileLayout {
  readonly format: string;
  readonly imageBytes: number;
}
const FORMAT_LENGTH = 8;
const DIGEST_END = FORMAT_LENGTH + 32;
const HEADER_END = DIGEST_END + 4;

/** Why a cached split cannot be used. */
export type SplitFileProblem = 'missing' | 'damaged';

/** Writes a split so that readers see the whole file or none. */
export async function writeSplitFile(path: string, split: Split, { format }: SplitFileLayout): Promise<void> {
  const { images, labels } = split;
  const count = Buffer.alloc(4);
  count.writeUInt32LE(labels.length);
  const hash = createHash('sha256').update(count).update(labels).update(images);
  await writeStreamAtomic(path, [Buffer.from(format, 'latin1'), hash.digest(), count, labels, images]);
}

/** Reads and verifies a split of `count` images. */
export async function readSplitFile(
  path: string,
  count: number,
  { format, imageBytes }: SplitFileLayout,
): Promise<Split | SplitFileProblem> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged';
  }
  const imagesStart = HEADER_END + count;
  if (
    content.length !== imagesStart + count * imageBytes ||
    content.toString('latin1', 0, FORMAT_LENGTH) !== format ||
    content.readUInt32LE(DIGEST_END) !== count
  ) {
    return 'damaged';
  }
  const digest = createHash('sha256').update(content.subarray(DIGEST_END)).digest();
  if (!digest.equals(content.subarray(FORMAT_LENGTH, DIGEST_END))) return 'damaged';
  return { labels: content.subarray(HEADER_END, imagesStart), images: content.subarray(imagesStart) };
}
