import sharp from 'sharp';

import { gpuCheckError } from '../errors.js';

export const SIDE = 32;
export const CHANNELS = 3;
const ROW = SIDE * CHANNELS;
/** Bytes of one image. */
export const IMAGE_BYTES = SIDE * ROW;
/** Of images in a mosaic. WebP takes up to 16,383 pixels a side. */
const COLUMNS = 40;
/** 3.4 MB of CIFAR-10: small enough to fill parts well, large enough for the colour tables to count for nothing. */
export const IMAGES_PER_MOSAIC = 50 * COLUMNS;
/** Of 0 .. 6: two levels more save 0.4% in half as much time again. */
const EFFORT = 4;

/** What decides the bytes that {@link encodeMosaic} makes of images. */
export const ENCODING = `WebP ${sharp.versions.webp ?? ''}, effort ${EFFORT}, ${COLUMNS} in a row`;

/**
 * Packs images side by side as one lossless WebP. CIFAR-10 takes 4.43 bits a value so, in the order that
 * it has.
 *
 * @param images uint8 [n, 32, 32, 3]
 */
export async function encodeMosaic(images: Uint8Array): Promise<Buffer> {
  const { width, height } = sizeOf(images.length / IMAGE_BYTES);
  const pixels = new Uint8Array(width * height * CHANNELS);
  eachRow(images.length / IMAGE_BYTES, (inImages, inMosaic) => {
    pixels.set(images.subarray(inImages, inImages + ROW), inMosaic);
  });
  return sharp(pixels, { raw: { width, height, channels: CHANNELS } })
    .webp({ lossless: true, effort: EFFORT })
    .toBuffer();
}

/**
 * The images of a mosaic.
 *
 * @param images receives them: uint8 [n, 32, 32, 3]
 * @param name for the error
 * @throws {ProtoclError} `IMAGES_DAMAGED` if it is no mosaic of so many images
 */
export async function decodeMosaic(webp: Uint8Array, images: Uint8Array, name: string): Promise<void> {
  const { width, height } = sizeOf(images.length / IMAGE_BYTES);
  const { data, info } = await sharp(webp)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw gpuCheckError('IMAGES_DAMAGED', {
        message: 'a file of images cannot be decoded',
        given: name,
        cause,
      });
    });
  if (info.width !== width || info.height !== height || info.channels !== CHANNELS) {
    throw gpuCheckError('IMAGES_DAMAGED', {
      message: `${name} holds another number of images than its index says`,
      given: `${info.width} x ${info.height} pixels with ${info.channels} channels`,
      expected: `${width} x ${height} pixels with ${CHANNELS} channels`,
    });
  }
  eachRow(images.length / IMAGE_BYTES, (inImages, inMosaic) => {
    images.set(data.subarray(inMosaic, inMosaic + ROW), inImages);
  });
}

function sizeOf(count: number): { readonly width: number; readonly height: number } {
  return { width: COLUMNS * SIDE, height: Math.ceil(count / COLUMNS) * SIDE };
}

/** Where each row of pixels of each image begins, among the images and in the mosaic. */
function eachRow(count: number, visit: (inImages: number, inMosaic: number) => void): void {
  for (let image = 0; image < count; image++) {
    const top = Math.floor(image / COLUMNS) * SIDE;
    const left = (image % COLUMNS) * ROW;
    for (let y = 0; y < SIDE; y++) {
      visit(image * IMAGE_BYTES + y * ROW, (top + y) * COLUMNS * ROW + left);
    }
  }
}
