import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import type { ImageDataset } from '@protocl/datasets';

/** Writes a data set as PNG files, one sub-folder for each class. */
export async function writeImageFolder(path: string, dataset: ImageDataset): Promise<void> {
  const { images, labels, shape, classNames } = dataset;
  for (const name of classNames) await mkdir(join(path, name), { recursive: true });
  const [count, height, width] = shape;
  const size = images.length / count;
  for (const [index, label] of labels.entries()) {
    const name = `${String(index).padStart(4, '0')}.png`;
    const pixels = images.subarray(index * size, (index + 1) * size);
    await writeFile(join(path, classNames[label]!, name), encodePng(pixels, width, height));
  }
}

/** RGB pixels as a PNG. */
export function encodePng(pixels: Uint8Array, width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each of three channels, no filter, no interlacing.
  header.set([8, 2, 0, 0, 0], 8);
  const row = 3 * width;
  const rows = Array.from({ length: height }, (_, y) => [
    Buffer.of(0),
    pixels.subarray(y * row, (y + 1) * row),
  ]).flat();
  const signature = Buffer.of(137, 80, 78, 71, 13, 10, 26, 10);
  const data = deflateSync(Buffer.concat(rows));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
