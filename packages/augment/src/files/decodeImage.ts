import type { OptionNames } from '@protocl/core/options';
import sharp from 'sharp';

import { CHANNELS, requireCount } from '../checks.js';
import { augmentError } from '../errors.js';
import type { RgbImage } from '../resampling/resampleImage.js';
import { FORMATS, isKnownFormat } from './imageFormat.js';
import { giveBackMemory } from './imageMemory.js';
import { plainJpegSize } from './plainJpeg.js';
import { readSource, type ImageSource } from './readSource.js';
import { turboJpeg } from './turboJpeg.js';

/** What is accepted as an image. */
export interface DecodeOptions {
  /** Pixels of the largest image that is decoded; default 100 million. */
  readonly maxPixels?: number;
  /**
   * What makes an image corrupt: `truncated` its end is missing, `error` (default) also values that
   * cannot be, `warning` also what decoders only warn of, `none` nothing that can be decoded at all.
   */
  readonly failOn?: 'none' | 'truncated' | 'error' | 'warning';
}

export const DECODE_OPTIONS: OptionNames<DecodeOptions> = { maxPixels: true, failOn: true };

const MAX_PIXELS = 100_000_000;
/** Pixels of the largest JPEG that is not left to sharp. */
const MOST_TURBO_PIXELS = 2 ** 28;
const FAIL_ON = ['none', 'truncated', 'error', 'warning'];

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF or TIFF, told by its content: upright as EXIF says, in sRGB,
 * without alpha, 8 bits a channel; of several frames the first.
 *
 * @throws AugmentError `IMAGE_NOT_READABLE`, `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `INVALID_OPTION`
 */
export async function decodeImage(
  source: ImageSource,
  { maxPixels = MAX_PIXELS, failOn = 'error' }: DecodeOptions,
): Promise<RgbImage> {
  requireCount('maxPixels', maxPixels, 1, Number.MAX_SAFE_INTEGER);
  if (!FAIL_ON.includes(failOn)) {
    throw augmentError('INVALID_OPTION', {
      message: 'there is no such failOn',
      given: failOn,
      expected: FAIL_ON.join(', '),
    });
  }
  const content = readSource(source);
  if (content.length === 0) throw corrupt(source, 'it is empty');
  if (!isKnownFormat(content)) throw corrupt(source, 'its content is of no format that is decoded');
  // Twice as quick; what it does not decode is sharp's to judge.
  const quick = typeof content === 'string' ? undefined : await decodePlainJpeg(content, maxPixels);
  if (quick !== undefined) return quick;
  try {
    const { data, info } = await sharp(content, {
      limitInputPixels: maxPixels,
      failOn,
      autoOrient: true,
      sequentialRead: true,
    })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data: threeChannels(data, info.channels), height: info.height, width: info.width };
  } catch (cause) {
    throw typedError(source, maxPixels, cause);
  }
}

/**
 * Decodes an image as {@link decodeImage} does, and uses it at once: its memory is the next image's, so
 * nothing of it may be kept.
 *
 * @returns what `use` returns
 * @throws what {@link decodeImage} and `use` throw
 */
export async function useImage<T>(
  source: ImageSource,
  options: DecodeOptions,
  use: (image: RgbImage) => T,
): Promise<T> {
  const image = await decodeImage(source, options);
  try {
    return use(image);
  } finally {
    giveBackMemory(image.data);
  }
}

async function decodePlainJpeg(bytes: Uint8Array, maxPixels: number): Promise<RgbImage | undefined> {
  const size = plainJpegSize(bytes);
  if (size === undefined || size.height * size.width > Math.min(maxPixels, MOST_TURBO_PIXELS))
    return undefined;
  const decode = await turboJpeg();
  return decode?.(bytes, size);
}

/** A gray image stays one of a single channel whatever the colour space asked for. */
function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === CHANNELS) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * CHANNELS);
  for (let i = 0; i < pixels; i++) rgb.fill(data[i * channels]!, i * CHANNELS, (i + 1) * CHANNELS);
  return rgb;
}

function typedError(source: ImageSource, maxPixels: number, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message.trim().split('\n')[0]! : String(cause);
  if (reason.includes('exceeds pixel limit')) {
    return augmentError('IMAGE_TOO_LARGE', {
      message: 'an image has more pixels than are decoded',
      given: nameOf(source),
      expected: `at most ${maxPixels} pixels`,
      remedy: 'Make it smaller or leave it out; pass a larger maxPixels only for files that you trust',
      cause,
    });
  }
  return corrupt(source, reason, cause);
}

function corrupt(source: ImageSource, reason: string, cause?: unknown): Error {
  return augmentError('IMAGE_CORRUPT', {
    message: `a file is no image, or a damaged one (${reason})`,
    given: nameOf(source),
    expected: FORMATS.join(', '),
    remedy: 'Replace the file or leave it out',
    cause,
  });
}

function nameOf(source: ImageSource): string {
  return typeof source === 'string' ? source : `${source.length} bytes`;
}
