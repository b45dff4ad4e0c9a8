import { crc32 } from 'node:zlib';

import { randomStream } from '@protocl/core';
import sharp, { type Sharp } from 'sharp';

import type { temporaryFolder } from './temporaryFolder.js';

/** A picture of smooth random colours, which every format keeps roughly. */
export function picture(seed: number, width = 40, height = 30): Sharp {
  const colours = Uint8Array.from(randomStream({ seed, purpose: 'picture' }).integers(4 * 4 * 3, 256));
  const raw = { width: 4, height: 4, channels: 3 } as const;
  return sharp(colours, { raw }).resize(width, height, { kernel: 'linear', fit: 'fill' });
}

/** Writes `count` PNGs into two classes and returns their names, in the order of the opened folder. */
export async function writePictures(
  folder: ReturnType<typeof temporaryFolder>,
  count: number,
): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = `${i < count / 2 ? 'a' : 'b'}/${String(i).padStart(3, '0')}.png`;
    await folder.write(name, await picture(i).png().toBuffer());
    names.push(name);
  }
  return names;
}

/** A PNG of a few bytes whose header promises `width` x `height` pixels. */
export async function decompressionBomb(width: number, height: number): Promise<Buffer> {
  const png = await picture(1).png().toBuffer();
  // The header's chunk begins after the signature: length, name, width, height and 5 bytes, checksum.
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
