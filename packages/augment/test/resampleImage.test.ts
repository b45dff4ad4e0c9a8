import { expect, test } from '@jest/globals';

import { cropResampling, type ImageResampling } from '../src/cropResampling.js';
import { resampleImage, type RgbImage } from '../src/resampling/resampleImage.js';
import type { Resampling } from '../src/resampling/resamplingTaps.js';
import { picture } from './picture.js';

const { abs, max, round } = Math;

/** The definition, pixel by pixel over the whole part. */
function naive({ data, width }: RgbImage, { rows, columns }: ImageResampling): Float64Array {
  const weightsOf = (axis: Resampling): number[][] =>
    Array.from({ length: axis.wanted }, (_, i) => {
      const place = axis.reversed ? axis.wanted - 1 - i : i;
      const step = axis.length / axis.resized;
      const centre = (axis.first + place + 0.5) * step;
      const weights = Array.from({ length: axis.length }, (_, k) => {
        return max(0, 1 - abs(k + 0.5 - centre) / max(1, step));
      });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    });
  const [byRow, byColumn] = [weightsOf(rows), weightsOf(columns)];
  const result = new Float64Array(rows.wanted * columns.wanted * 3);
  for (const [y, down] of byRow.entries()) {
    for (const [x, across] of byColumn.entries()) {
      for (const [i, weightY] of down.entries()) {
        if (weightY === 0) continue;
        for (const [k, weightX] of across.entries()) {
          const pixel = ((rows.start + i) * width + columns.start + k) * 3;
          for (let c = 0; c < 3; c++) {
            result[(y * columns.wanted + x) * 3 + c]! += weightY * weightX * data[pixel + c]!;
          }
        }
      }
    }
  }
  return result;
}

function imageOf(height: number, width: number): RgbImage {
  return { data: picture(height, width), height, width };
}

const axis = (start: number, length: number, resized: number, first = 0, wanted = resized): Resampling => ({
  start,
  length,
  resized,
  first,
  wanted,
  reversed: false,
});

test.each<[string, RgbImage, ImageResampling]>([
  ['shrinking', imageOf(40, 50), cropResampling({ top: 3, left: 4, height: 31, width: 45 }, 8, false)],
  [
    'growing, flipped',
    imageOf(40, 50),
    cropResampling({ top: 30, left: 44, height: 10, width: 6 }, 24, true),
  ],
  ['the same size', imageOf(9, 7), cropResampling({ top: 1, left: 0, height: 7, width: 7 }, 7, false)],
  ['by a whole factor', imageOf(24, 24), cropResampling({ top: 0, left: 0, height: 24, width: 24 }, 8, true)],
  ['one pixel', imageOf(1, 1), cropResampling({ top: 0, left: 0, height: 1, width: 1 }, 5, false)],
  ['to one pixel', imageOf(20, 30), cropResampling({ top: 0, left: 0, height: 20, width: 30 }, 1, false)],
  [
    'the middle of a resize',
    imageOf(20, 30),
    { rows: axis(0, 20, 12, 2, 8), columns: axis(0, 30, 18, 5, 8) },
  ],
  ['not square', imageOf(20, 30), { rows: axis(2, 9, 5), columns: axis(3, 20, 11) }],
  ['more than a band', imageOf(700, 150), { rows: axis(0, 700, 6), columns: axis(1, 149, 4) }],
])('%s', (_, image, resampling) => {
  const result = resampleImage(image, resampling);
  const expected = naive(image, resampling);
  expect(result.length).toBe(expected.length);
  // Weights of 14 binary places on one side: what lies near a half may go either way.
  for (let i = 0; i < result.length; i++) {
    expect(abs(result[i]! - expected[i]!)).toBeLessThan(0.53);
    if (abs((expected[i]! % 1) - 0.5) > 0.03) expect(result[i]).toBe(round(expected[i]!));
  }
});

test('white stays white and black black, however many pixels become one', () => {
  for (const value of [0, 255]) {
    const image = { data: new Uint8Array(3 * 311 * 997).fill(value), height: 311, width: 997 };
    for (const size of [1, 3, 7, 500]) {
      const box = { top: 1, left: 2, height: 309, width: 990 };
      const result = resampleImage(image, cropResampling(box, size, true));
      expect(result.every((each) => each === value)).toBe(true);
    }
  }
});

test('what an earlier, larger image left behind changes nothing', () => {
  const box = { top: 0, left: 0, height: 12, width: 12 };
  const image = imageOf(12, 12);
  const first = resampleImage(image, cropResampling(box, 30, false));
  const white = { data: new Uint8Array(3 * 900 * 900).fill(255), height: 900, width: 900 };
  resampleImage(white, cropResampling({ top: 0, left: 0, height: 900, width: 900 }, 224, false));
  expect(resampleImage(image, cropResampling(box, 30, false))).toEqual(first);
});
