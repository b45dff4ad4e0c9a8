import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';

import { randomStream } from '@protocl/core';
import sharp from 'sharp';
import { pack } from 'tar-stream';

import { IMAGE_BYTES, TRAIN_FILES, type Cifar10Layout } from '../src/cifar10/layout.js';
import type { Splits } from '../src/splits/split.js';

/** A data set in CIFAR-10's layout that is small enough for a test. */
export const LAYOUT: Cifar10Layout = { imagesPerFile: 4 };

export function syntheticSplits(seed = 1): Splits {
  const split = (purpose: string, files: number) => {
    const random = randomStream({ seed, purpose });
    const count = files * LAYOUT.imagesPerFile;
    return {
      images: Uint8Array.from(random.integers(count * IMAGE_BYTES, 256)),
      labels: Uint8Array.from(random.integers(count, 10)),
    };
  };
  return { train: split('train', TRAIN_FILES), test: split('test', 1) };
}

/** Names and contents of the files of an archive. */
export type Files = Record<string, Uint8Array | string>;

/** The files of the authors' archive: records of a label and the image, channel by channel. */
export function binaryFiles({ train, test }: Splits): Files {
  const files: Files = { 'cifar-10-batches-bin/readme.html': '<html></html>' };
  const records = (split: typeof test, file: number) => {
    const out: number[] = [];
    for (let i = file * LAYOUT.imagesPerFile; i < (file + 1) * LAYOUT.imagesPerFile; i++) {
      out.push(split.labels[i]!);
      for (let channel = 0; channel < 3; channel++) {
        for (let pixel = 0; pixel < 1024; pixel++) {
          out.push(split.images[i * IMAGE_BYTES + pixel * 3 + channel]!);
        }
      }
    }
    return Uint8Array.from(out);
  };
  for (let file = 0; file < TRAIN_FILES; file++) {
    files[`cifar-10-batches-bin/data_batch_${file + 1}.bin`] = records(train, file);
  }
  files['cifar-10-batches-bin/test_batch.bin'] = records(test, 0);
  return files;
}

/** The files of the npm package: an image a row of a PNG, labels as JSON. */
export async function npmFiles({ train, test }: Splits): Promise<Files> {
  const png = (images: Uint8Array, file: number) => {
    const length = LAYOUT.imagesPerFile * IMAGE_BYTES;
    const raw = { width: 1024, height: LAYOUT.imagesPerFile, channels: 3 } as const;
    return sharp(images.slice(file * length, (file + 1) * length), { raw })
      .png()
      .toBuffer();
  };
  const files: Files = {
    'package/package.json': JSON.stringify({ name: 'synthetic-cifar10', version: '1.0.0' }),
    'package/train_lables.json': JSON.stringify([...train.labels]),
    'package/test_lables.json': JSON.stringify([...test.labels]),
    'package/test_batch.png': await png(test.images, 0),
  };
  for (let file = 0; file < TRAIN_FILES; file++) {
    files[`package/data_batch_${file + 1}.png`] = await png(train.images, file);
  }
  return files;
}

export async function gzippedTar(files: Files): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, Buffer.from(content));
  archive.finalize();
  return buffer(archive.pipe(createGzip()));
}

export function md5(content: Uint8Array): { algorithm: 'md5'; value: string } {
  return { algorithm: 'md5', value: createHash('md5').update(content).digest('hex') };
}
