import sharp from 'sharp';

import { reportError } from '../errors.js';
import type { SpriteSheet } from '../reportInput.js';

/** A picture in memory: uint8 [height, width, 3]. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const BASE64 = /^data:image\/(?:jpeg|png);base64,([A-Za-z0-9+/]+=*)$/;
/** What a JPEG and a PNG begin with. */
const BEGINNINGS = [Buffer.from('ffd8ff', 'hex'), Buffer.from('89504e470d0a1a0a', 'hex')];

/**
 * The bytes of a sheet's picture, told by its content: a JPEG or a PNG, and never what draws or loads
 * something else, as an SVG does.
 *
 * @throws {ProtoclError} `INVALID_PICTURE`
 */
export function pictureBytes({ dataUri }: SpriteSheet): Buffer {
  const [, base64] = BASE64.exec(dataUri) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (BEGINNINGS.some((beginning) => beginning.equals(bytes.subarray(0, beginning.length)))) return bytes;
  throw reportError('INVALID_PICTURE', {
    message: 'the picture of a sprite sheet is none that is shown',
    given: `${dataUri.slice(0, 40)}…`,
    expected: 'data:image/jpeg;base64,… or data:image/png;base64,…, with such a picture',
  });
}

/**
 * The picture of a sprite sheet, with all of its tiles.
 *
 * @throws {ProtoclError} `INVALID_PICTURE` if it is none, damaged or not of the size of its tiles
 */
export async function decodeSheet(sheet: SpriteSheet): Promise<Picture> {
  const width = sheet.columns * sheet.width;
  const height = Math.ceil(sheet.count / sheet.columns) * sheet.height;
  const picture = sharp(pictureBytes(sheet), { limitInputPixels: false });
  const found = await picture.metadata().catch(undecodable);
  if (found.width !== width || found.height !== height) {
    throw reportError('INVALID_PICTURE', {
      message: 'the picture of a sprite sheet has another size than its tiles',
      given: `${found.width} x ${found.height} pixels`,
      expected: `${width} x ${height}`,
    });
  }
  const pixels = await picture.removeAlpha().toColourspace('srgb').raw().toBuffer().catch(undecodable);
  return { pixels, width, height };
}

function undecodable(cause: unknown): never {
  throw reportError('INVALID_PICTURE', {
    message: 'the picture of a sprite sheet cannot be decoded',
    expected: 'a JPEG or PNG that is whole',
    cause,
  });
}
