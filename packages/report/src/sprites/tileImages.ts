import { requireKnownOptions } from '@protocl/core';
import sharp from 'sharp';

import { reportError } from '../errors.js';

/** The shape of some images. */
export type ImagesShape = readonly [n: number, height: number, width: number, channels: 3];

/** The longer side that tiles have at most unless another one is asked for. */
const LARGEST_TILE = 64;

/**
 * Images at the size of a report's tiles.
 *
 * @param images uint8 [n, H, W, 3], row-major
 * @param options `size`: the longer side of a tile in pixels; that of the images, but at most 64, by default
 * @returns uint8 [n, h, w, 3]: the given ones where they are of that size
 * @throws {ProtoclError} `INVALID_SHAPE` if there are no images or their bytes are not as many as
 *   their shape says
 */
export async function tileImages(
  images: Uint8Array,
  shape: ImagesShape,
  options: { readonly size?: number } = {},
): Promise<{ readonly pixels: Uint8Array; readonly shape: ImagesShape }> {
  requireKnownOptions('tileImages', options, { size: true });
  const { size } = options;
  const [count, height, width, channels] = shape;
  const bytes = height * width * 3;
  if (channels !== 3 || count < 1 || images.length !== count * bytes) {
    throw reportError('INVALID_SHAPE', {
      message: 'images do not have the shape that they are said to have',
      given: `${images.length} bytes for [${shape.join(', ')}]`,
      expected: '[n, H, W, 3] with a byte for each value, and at least one image',
    });
  }
  const longer = Math.max(height, width);
  const scale = (size ?? Math.min(longer, LARGEST_TILE)) / longer;
  if (scale === 1) return { pixels: images, shape };
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const tile = [scaled(height), scaled(width)] as const;
  const pixels = new Uint8Array(count * tile[0] * tile[1] * 3);
  for (let image = 0; image < count; image++) {
    const given = images.subarray(image * bytes, (image + 1) * bytes);
    pixels.set(await resized(given, [height, width], tile), image * tile[0] * tile[1] * 3);
  }
  return { pixels, shape: [count, ...tile, 3] };
}

async function resized(
  image: Uint8Array,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): Promise<Uint8Array> {
  return sharp(image, { raw: { width, height, channels: 3 } })
    .resize(toWidth, toHeight, { fit: 'fill' })
    .raw()
    .toBuffer();
}
