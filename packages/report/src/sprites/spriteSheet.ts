import { requireKnownOptions } from '@protocl/core';
import sharp from 'sharp';

import { reportError } from '../errors.js';
import type { SpriteSheet } from '../reportInput.js';
import { tileImages, type ImagesShape } from './tileImages.js';

export interface SpriteSheetOptions {
  /** The longer side of a tile in pixels; that of the images, but at most 64, by default. */
  readonly size?: number;
  /** Of the JPEG, 1 .. 100; 85 by default. */
  readonly quality?: number;
}

/** A JPEG's sides are at most this long. */
const LONGEST_SIDE = 65_500;

/**
 * Puts images into the tiles of one JPEG, as near to a square as they fit.
 *
 * @param images uint8 [n, H, W, 3], row-major
 * @throws {ProtoclError} `INVALID_SHAPE` if there are no images or their bytes are not as many as
 *   their shape says; `INVALID_OPTION` for more of them than a picture can hold
 */
export async function spriteSheet(
  images: Uint8Array,
  shape: ImagesShape,
  options: SpriteSheetOptions = {},
): Promise<SpriteSheet> {
  requireKnownOptions('spriteSheet', options, { size: true, quality: true });
  const { size, quality = 85 } = options;
  const tiles = await tileImages(images, shape, { ...(size !== undefined && { size }) });
  const [count, height, width] = tiles.shape;
  const columns = Math.ceil(Math.sqrt((count * height) / width));
  const rows = Math.ceil(count / columns);
  if (columns * width > LONGEST_SIDE || rows * height > LONGEST_SIDE) {
    throw reportError('INVALID_OPTION', {
      message: 'so many images do not fit into one picture',
      given: `${count} images of ${width} x ${height} pixels`,
      expected: `at most ${LONGEST_SIDE} pixels a side`,
      remedy: 'Show fewer images, or smaller ones',
    });
  }
  const sheet = new Uint8Array(rows * height * columns * width * 3);
  const line = width * 3;
  for (let image = 0; image < count; image++) {
    const left = (image % columns) * line;
    const top = Math.floor(image / columns) * height;
    for (let row = 0; row < height; row++) {
      const from = (image * height + row) * line;
      sheet.set(tiles.pixels.subarray(from, from + line), (top + row) * columns * line + left);
    }
  }
  const raw = { width: columns * width, height: rows * height, channels: 3 } as const;
  const jpeg = await sharp(sheet, { raw, limitInputPixels: false }).jpeg({ quality }).toBuffer();
  return { dataUri: `data:image/jpeg;base64,${jpeg.toString('base64')}`, width, height, columns, count };
}
