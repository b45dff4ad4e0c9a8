import sharp from 'sharp';

import { reportError } from '../errors.js';
import type { SpriteSheet } from '../reportInput.js';

export interface SpriteSheetOptions {
  /** The longer side of a tile in pixels; that of the images, but at most 64, by default. */
  readonly size?: number;
  /** Of the JPEG, 1 .. 100; 85 by default. */
  readonly quality?: number;
}

const LARGEST_TILE = 64;
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
  shape: readonly [n: number, height: number, width: number, channels: 3],
  { size, quality = 85 }: SpriteSheetOptions = {},
): Promise<SpriteSheet> {
  const [count, imageHeight, imageWidth, channels] = shape;
  if (channels !== 3 || count < 1 || images.length !== count * imageHeight * imageWidth * 3) {
    throw reportError('INVALID_SHAPE', {
      message: 'images do not have the shape that they are said to have',
      given: `${images.length} bytes for [${shape.join(', ')}]`,
      expected: '[n, H, W, 3] with a byte for each value, and at least one image',
    });
  }
  const longer = Math.max(imageHeight, imageWidth);
  const scale = (size ?? Math.min(longer, LARGEST_TILE)) / longer;
  const [height, width] = [imageHeight, imageWidth].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
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
  for (let image = 0; image < count; image++) {
    const bytes = imageHeight * imageWidth * 3;
    const given = images.subarray(image * bytes, (image + 1) * bytes);
    const tile = scale === 1 ? given : await resized(given, imageHeight, imageWidth, height, width);
    const left = (image % columns) * width;
    const top = Math.floor(image / columns) * height;
    for (let row = 0; row < height; row++) {
      sheet.set(
        tile.subarray(row * width * 3, (row + 1) * width * 3),
        ((top + row) * columns * width + left) * 3,
      );
    }
  }
  const raw = { width: columns * width, height: rows * height, channels: 3 } as const;
  const jpeg = await sharp(sheet, { raw, limitInputPixels: false }).jpeg({ quality }).toBuffer();
  return { dataUri: `data:image/jpeg;base64,${jpeg.toString('base64')}`, width, height, columns, count };
}

async function resized(
  image: Uint8Array,
  height: number,
  width: number,
  toHeight: number,
  toWidth: number,
): Promise<Uint8Array> {
  return sharp(image, { raw: { width, height, channels: 3 } })
    .resize(toWidth, toHeight, { fit: 'fill' })
    .raw()
    .toBuffer();
}
