import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { sha256, writeFileAtomic } from '@protocl/core';

import { gpuCheckError } from '../errors.js';
import { decodeMosaic, encodeMosaic, IMAGE_BYTES, IMAGES_PER_MOSAIC } from './mosaic.js';

/** Images and their classes. */
export interface LabelledImages {
  /** uint8 [n, 32, 32, 3]. */
  readonly images: Uint8Array;
  /** [n], each 0 .. 255. */
  readonly labels: ArrayLike<number>;
}

/** One file of some of the images. */
interface PackedChunk {
  readonly name: string;
  readonly images: number;
  readonly bytes: number;
  /** Of the file. */
  readonly sha256: string;
}

/** What the index says of a split. */
export interface PackedImages {
  /** One after the other. */
  readonly chunks: readonly PackedChunk[];
  /** Of all pixels as they are in memory. */
  readonly sha256: string;
  /** A byte each, in base64. */
  readonly labels: string;
}

/**
 * Packs images without loss into files of a few megabytes. Each is decoded again to see that it holds
 * the same pixels.
 *
 * @param folder where the files go
 * @param name begins their names
 */
export async function packImages(
  { images, labels }: LabelledImages,
  folder: string,
  name: string,
): Promise<PackedImages> {
  const chunks: PackedChunk[] = [];
  await inParallel(Math.ceil(images.length / IMAGE_BYTES / IMAGES_PER_MOSAIC), async (number) => {
    const pixels = pixelsOfChunk(images, number * IMAGES_PER_MOSAIC, IMAGES_PER_MOSAIC);
    const file = `${name}-${String(number + 1).padStart(2, '0')}.webp`;
    const webp = await encodeMosaic(pixels);
    const again = new Uint8Array(pixels.length);
    await decodeMosaic(webp, again, file);
    if (Buffer.compare(pixels, again) !== 0) throw notTheSame(file, 'the images that were packed');
    const { bytes, sha256: digest } = await writeFileAtomic(join(folder, file), webp);
    chunks[number] = { name: file, images: pixels.length / IMAGE_BYTES, bytes, sha256: digest };
  });
  return {
    chunks,
    sha256: sha256(images),
    labels: Buffer.from(Uint8Array.from(labels)).toString('base64'),
  };
}

/**
 * The images that {@link packImages} has packed.
 *
 * @param folder of the files, all of which are there
 * @throws {ProtoclError} `IMAGES_DAMAGED` if a file or the whole is not what was packed
 */
export async function unpackImages(
  { chunks, sha256: expected, labels }: PackedImages,
  folder: string,
): Promise<LabelledImages> {
  const starts: number[] = [];
  let count = 0;
  for (const chunk of chunks) {
    starts.push(count);
    count += chunk.images;
  }
  const images = new Uint8Array(count * IMAGE_BYTES);
  await inParallel(chunks.length, async (number) => {
    const { name, images: held, sha256: digest } = chunks[number]!;
    const webp = await readFile(join(folder, name));
    if (sha256(webp) !== digest) throw notTheSame(name, `the file of SHA-256 ${digest}`);
    await decodeMosaic(webp, pixelsOfChunk(images, starts[number]!, held), name);
  });
  if (sha256(images) !== expected) throw notTheSame(`${count} images`, `pixels of SHA-256 ${expected}`);
  const classes = Buffer.from(labels, 'base64');
  if (classes.length !== count) throw notTheSame(`${classes.length} labels`, `${count} labels`);
  return { images, labels: classes };
}

function pixelsOfChunk(images: Uint8Array, first: number, count: number): Uint8Array {
  return images.subarray(first * IMAGE_BYTES, (first + count) * IMAGE_BYTES);
}

function notTheSame(given: string, expected: string): Error {
  return gpuCheckError('IMAGES_DAMAGED', {
    message: 'carried images are not what was packed',
    given,
    expected,
    remedy: 'Carry the part again; if it stays so, pack it again',
  });
}

/** Does tasks by their numbers, as many at once as there are processors and threads that code images. */
async function inParallel(count: number, task: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
}
