import sharp from 'sharp';

import type { SpriteSheet } from '../reportInput.js';
import type { Picture } from '../sprites/sheetPicture.js';

/**
 * Puts tiles of a sheet into the rows of a new picture; what is left of a row is black.
 *
 * @param rows the tiles of each row, by their number in the sheet
 * @param columns tiles in a row
 */
export function arrangeTiles(
  sheet: SpriteSheet,
  { pixels, width: sheetWidth }: Picture,
  rows: readonly (readonly number[])[],
  columns: number,
): Picture {
  const { width, height } = sheet;
  const arranged = new Uint8Array(rows.length * height * columns * width * 3);
  for (const [row, tiles] of rows.entries()) {
    for (const [column, tile] of tiles.entries()) {
      const left = (tile % sheet.columns) * width;
      const top = Math.floor(tile / sheet.columns) * height;
      for (let line = 0; line < height; line++) {
        const from = ((top + line) * sheetWidth + left) * 3;
        const to = ((row * height + line) * columns * width + column * width) * 3;
        arranged.set(pixels.subarray(from, from + width * 3), to);
      }
    }
  }
  return { pixels: arranged, width: columns * width, height: rows.length * height };
}

export async function encodePng({ pixels, width, height }: Picture): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .png()
    .toBuffer();
}
