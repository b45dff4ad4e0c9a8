import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheDirectory, sha256, sha256File, writeFileAtomic } from '@protocl/core';
import { cacheCifar10, fetchDataset, loadCifar10 } from '@protocl/datasets';

import { gpuCheckError } from '../errors.js';
import { ENCODING, IMAGE_BYTES } from './mosaic.js';
import { packImages, unpackImages, type LabelledImages, type PackedImages } from './packImages.js';
import { fillCache, kindOfImages, standInImages, type ImagesKind } from './standIn.js';

/** A file to carry. */
export interface ChunkFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/** What lies beside the files of images. */
interface CifarIndex {
  readonly version: typeof VERSION;
  readonly images: ImagesKind;
  readonly train: PackedImages;
  readonly test: PackedImages;
}

const VERSION = 1;
const INDEX = 'cifar10.json';
const COUNTS = { train: 50_000, test: 10_000 } as const;
type Split = keyof typeof COUNTS;

export interface EncodeOptions {
  readonly log: (line: string) => void;
  /** So few images of each split, drawn and not of CIFAR-10, to try the check out; they are repeated when decoded. */
  readonly limit?: number;
}

/**
 * CIFAR-10 as files that are carried to another machine: 102 MB, the index first. They are made once
 * and kept in this user's cache.
 *
 * @throws {ProtoclError} `IMAGES_STAND_IN`; what `loadCifar10` throws
 */
export async function encodedCifar10({ log, limit }: EncodeOptions): Promise<ChunkFile[]> {
  const count = (split: Split) => Math.min(limit ?? Infinity, COUNTS[split]);
  const key = sha256(JSON.stringify([VERSION, ENCODING, limit ?? 'all'])).slice(0, 16);
  const folder = cacheDirectory('gpu-check', 'cifar10', key);
  const cached = await readIndex(folder).catch(() => undefined);
  if (cached && (await isWhole(cached, folder))) return withSizes(filesOf(cached, folder));

  const isAll = limit === undefined;
  if (isAll) await requireCifar10(log);
  log(
    isAll ? 'encoding the images of CIFAR-10, once (about a minute)' : 'drawing images in place of CIFAR-10',
  );
  const pack = async (split: Split) => {
    const given = isAll ? await loadCifar10({ split, log }) : standInImages(split, count(split));
    return packImages(given, folder, split);
  };
  const [train, test] = [await pack('train'), await pack('test')];
  const index: CifarIndex = { version: VERSION, images: isAll ? 'cifar10' : 'stand-in', train, test };
  // The last file, so that where it is the others are.
  await writeFileAtomic(join(folder, INDEX), JSON.stringify(index));
  return withSizes(filesOf(index, folder));
}

/** Fetches the data set where it is not in the cache. */
async function requireCifar10(log: (line: string) => void): Promise<void> {
  const { directory } = await fetchDataset('cifar10', { log });
  if ((await kindOfImages(directory)) !== 'stand-in') return;
  throw gpuCheckError('IMAGES_STAND_IN', {
    message: 'the cached images are not CIFAR-10 but a stand-in for it',
    given: directory,
    remedy: 'Remove that folder, or pack with another PROTOCL_CACHE',
  });
}

export interface DecodeOptions {
  readonly log: (line: string) => void;
  /** Of the data set; where `loadCifar10` looks by default. */
  readonly cacheDirectory?: string;
}

/** What came of decoding. */
export type DecodedCifar10 =
  | {
      /** Where it is `stand-in`, so is everything that is measured with these images. */
      readonly images: ImagesKind;
    }
  | {
      /** Names of the files that have not come yet. */
      readonly missing: readonly string[];
    };

/**
 * Puts carried images where `loadCifar10` finds them, once all of their files are there. A few images
 * are repeated to make whole splits, which are then a stand-in.
 *
 * @param folder of the files
 * @throws {ProtoclError} `IMAGES_DAMAGED`; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function decodeCifar10(folder: string, options: DecodeOptions): Promise<DecodedCifar10> {
  const { log, cacheDirectory: cache = cacheDirectory('datasets', 'cifar10') } = options;
  const missing = await missingImages(folder);
  if (missing.length > 0) return { missing };
  const index = (await readIndex(folder))!;
  const unpack = async (split: Split) => {
    const carried = await unpackImages(index[split], folder);
    const { images, labels } = index.images === 'cifar10' ? carried : repeated(carried, COUNTS[split]);
    return { images, labels: Int32Array.from(labels) };
  };
  const splits = { train: await unpack('train'), test: await unpack('test') };
  await fillCache(cache, index.images, () => cacheCifar10(splits, { cacheDirectory: cache, log }));
  if (index.images === 'stand-in') log('these images are a stand-in: nothing measured with them is a result');
  return { images: index.images };
}

/** Names of the files that have not come yet. */
export async function missingImages(folder: string): Promise<string[]> {
  const index = await readIndex(folder);
  if (index === undefined) return [INDEX];
  const missing: string[] = [];
  for (const { name, path } of filesOf(index, folder)) {
    if (!existsSync(path)) missing.push(name);
  }
  return missing;
}

async function readIndex(folder: string): Promise<CifarIndex | undefined> {
  const path = join(folder, INDEX);
  if (!existsSync(path)) return undefined;
  try {
    const index = JSON.parse(await readFile(path, 'utf8')) as CifarIndex;
    if (index.version === VERSION) return index;
  } catch {
    // The same as one of another version.
  }
  throw gpuCheckError('IMAGES_DAMAGED', {
    message: 'the index of carried images cannot be read',
    given: path,
    expected: `JSON of version ${VERSION}`,
    remedy: 'Pack again with the same version of the check',
  });
}

/** The index and the files of images. */
function filesOf(
  { train, test }: CifarIndex,
  folder: string,
): { readonly name: string; readonly path: string }[] {
  const names = [INDEX, ...train.chunks.map(({ name }) => name), ...test.chunks.map(({ name }) => name)];
  return names.map((name) => ({ name, path: join(folder, name) }));
}

async function withSizes(files: ReturnType<typeof filesOf>): Promise<ChunkFile[]> {
  return Promise.all(files.map(async (file) => ({ ...file, bytes: (await stat(file.path)).size })));
}

async function isWhole({ train, test }: CifarIndex, folder: string): Promise<boolean> {
  for (const { name, sha256: digest } of [...train.chunks, ...test.chunks]) {
    if ((await sha256File(join(folder, name)).catch(() => undefined)) !== digest) return false;
  }
  return true;
}

/** So many images: those that there are, over and over. */
function repeated({ images, labels }: LabelledImages, count: number): LabelledImages {
  const all = new Uint8Array(count * IMAGE_BYTES);
  for (let start = 0; start < all.length; start += images.length) {
    all.set(images.subarray(0, all.length - start), start);
  }
  return { images: all, labels: Uint8Array.from({ length: count }, (_, i) => labels[i % labels.length]!) };
}
