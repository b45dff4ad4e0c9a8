import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { NaiveArray } from './naiveWindows.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);

let tensorsBefore = 0;

beforeEach(() => {
  tf.engine().startScope();
  tensorsBefore = tf.memory().numTensors;
});

afterEach(() => {
  tf.engine().endScope();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

const tensor = ({ values, shape }: NaiveArray): tf.Tensor4D =>
  tf.tensor4d(Float32Array.from(values), shape as [number, number, number, number]);

function expectClose(actual: tf.Tensor, expected: NaiveArray): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected.values[i] as number, 4));
}

/** How an output position maps to the input, by the definitions of TensorFlow's resizing ops. */
function sourceOf(
  i: number,
  from: number,
  to: number,
  alignCorners: boolean,
  halfPixelCenters: boolean,
): number {
  if (alignCorners) return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
  return halfPixelCenters ? ((i + 0.5) * from) / to - 0.5 : (i * from) / to;
}

/** Linear interpolation between the two elements around a position, clamped to the image. */
function interpolated(x: NaiveArray, n: number, y: number, column: number, c: number): number {
  const [, height, width] = x.shape as [number, number, number, number];
  const clamp = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);
  const [top, left] = [Math.floor(y), Math.floor(column)];
  let sum = 0;
  for (const [row, rowShare] of [
    [top, 1 - (y - top)],
    [top + 1, y - top],
  ] as const) {
    for (const [place, share] of [
      [left, 1 - (column - left)],
      [left + 1, column - left],
    ] as const) {
      sum += rowShare * share * x.at(n, clamp(row, height), clamp(place, width), c);
    }
  }
  return sum;
}

const modes = [
  [false, false],
  [true, false],
  [false, true],
] as const;
const sizes = [
  [5, 7],
  [2, 3],
  [9, 4],
  [1, 6],
] as const;

describe.each(modes)(
  'resizing with alignCorners %s and halfPixelCenters %s',
  (alignCorners, halfPixelCenters) => {
    test.each(sizes)('to %i x %i interpolates', (height, width) => {
      const x = NaiveArray.scattered([2, 4, 5, 3], 1);
      const expected = new NaiveArray([2, height, width, 3]);
      for (let n = 0; n < 2; n++) {
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const y = sourceOf(row, 4, height, alignCorners, halfPixelCenters);
            const place = sourceOf(column, 5, width, alignCorners, halfPixelCenters);
            for (let c = 0; c < 3; c++) expected.add(interpolated(x, n, y, place, c), n, row, column, c);
          }
        }
      }
      expectClose(
        tf.image.resizeBilinear(tensor(x), [height, width], alignCorners, halfPixelCenters),
        expected,
      );
    });

    test.each(sizes)('to %i x %i has gradients that are the transposed maps', (height, width) => {
      const [x, dy] = [NaiveArray.scattered([2, 4, 5, 3], 1), NaiveArray.scattered([2, height, width, 3], 2)];
      for (const [forward, kernel] of [
        [tf.image.resizeBilinear, 'ResizeBilinearGrad'],
        [tf.image.resizeNearestNeighbor, 'ResizeNearestNeighborGrad'],
      ] as const) {
        const y = forward(tensor(x), [height, width], alignCorners, halfPixelCenters);
        const attributes = { size: [height, width], alignCorners, halfPixelCenters };
        const inputs = { images: tensor(x), dy: tensor(dy) };
        const dx = tf.engine().runKernel<tf.Tensor>(kernel, inputs, attributes);
        const product = (a: tf.Tensor, b: NaiveArray): number =>
          Array.from(a.dataSync()).reduce((sum, value, i) => sum + value * (b.values[i] as number), 0);
        expect(dx.shape).toEqual(x.shape);
        expect(product(dx, x)).toBeCloseTo(product(y, dy), 3);
      }
    });
  },
);

describe('cropAndResize', () => {
  const image = NaiveArray.scattered([2, 6, 5, 2], 3);
  const boxes = [
    [0, 0, 1, 1],
    [0.125, 0.203125, 0.6875, 0.890625],
    [0.8125, 0.90625, 0.203125, 0.125],
    [-0.28125, 0.5, 0.515625, 1.40625],
  ];
  const images = [0, 1, 1, 0];
  const outside = -7;

  /** Where a crop samples an axis of `size` elements. */
  const sample = (start: number, end: number, i: number, size: number, crop: number): number =>
    crop === 1
      ? 0.5 * (start + end) * (size - 1)
      : start * (size - 1) + (i * (end - start) * (size - 1)) / (crop - 1);

  test.each([
    ['bilinear', 4, 3],
    ['nearest', 4, 3],
    ['bilinear', 1, 7],
  ] as const)('by %s to %i x %i', (method, height, width) => {
    const expected = new NaiveArray([boxes.length, height, width, 2]);
    boxes.forEach(([y1, x1, y2, x2], box) => {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const y = sample(y1 as number, y2 as number, row, 6, height);
          const x = sample(x1 as number, x2 as number, column, 5, width);
          const isInside = y >= 0 && y <= 5 && x >= 0 && x <= 4;
          for (let c = 0; c < 2; c++) {
            const n = images[box] as number;
            const inside = (): number =>
              method === 'nearest'
                ? image.at(n, Math.round(y), Math.round(x), c)
                : interpolated(image, n, y, x, c);
            expected.add(isInside ? inside() : outside, box, row, column, c);
          }
        }
      }
    });
    const crops = tf.image.cropAndResize(
      tensor(image),
      tf.tensor2d(boxes),
      tf.tensor1d(images, 'int32'),
      [height, width],
      method,
      outside,
    );
    expectClose(crops, expected);
  });

  test('leaves crops of images that do not exist empty', () => {
    const crops = tf.image.cropAndResize(
      tensor(image),
      tf.tensor2d([0, 0, 1, 1, 0, 0, 1, 1], [2, 4]),
      tf.tensor1d([2, -1], 'int32'),
      [2, 2],
    );
    expect(Array.from(crops.dataSync())).toEqual(new Array(16).fill(0));
  });

  test('of a box that is not a number is not a number', () => {
    const box = tf.tensor2d([NaN, 0, 1, 1], [1, 4]);
    const crops = tf.image.cropAndResize(tensor(image), box, tf.tensor1d([0], 'int32'), [2, 2]);
    expect(Array.from(crops.dataSync()).every((value) => Number.isNaN(value))).toBe(true);
  });
});

test('flipLeftRight turns rows round', () => {
  const result = tf.image.flipLeftRight(tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]));
  expect(Array.from(result.dataSync())).toEqual([3, 2, 1, 6, 5, 4]);
});
