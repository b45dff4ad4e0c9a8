import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { writeStreamAtomic } from '@protocl/core';

import { IMAGE_BYTES, type Split } from './layout.js';

/**
 * The file in which a split is cached:
 *
 * | bytes | content |
 * |---|---|
 * | 8 | the format's name and version |
 * | 32 | SHA-256 of all that follows |
 * | 4 | number of images n, little-endian |
 * | n | labels |
 * | 3072 n | images, NHWC |
 */
const FORMAT = Buffer.from('PCLCIF01', 'latin1');
const DIGEST_END = FORMAT.length + 32;
const HEADER_END = DIGEST_END + 4;

/** Why a cached split cannot be used. */
export type SplitFileProblem = 'missing' | 'damaged';

/** Writes a split so that readers see the whole file or none. */
export async function writeSplitFile(path: string, { images, labels }: Split): Promise<void> {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(labels.length);
  const hash = createHash('sha256').update(count).update(labels).update(images);
  await writeStreamAtomic(path, [FORMAT, hash.digest(), count, labels, images]);
}

/** Reads and verifies a split of `count` images. */
export async function readSplitFile(path: string, count: number): Promise<Split | SplitFileProblem> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged';
  }
  const imagesStart = HEADER_END + count;
  if (
    content.length !== imagesStart + count * IMAGE_BYTES ||
    !content.subarray(0, FORMAT.length).equals(FORMAT) ||
    content.readUInt32LE(DIGEST_END) !== count
  ) {
    return 'damaged';
  }
  const digest = createHash('sha256').update(content.subarray(DIGEST_END)).digest();
  if (!digest.equals(content.subarray(FORMAT.length, DIGEST_END))) return 'damaged';
  return { labels: content.subarray(HEADER_END, imagesStart), images: content.subarray(imagesStart) };
}
