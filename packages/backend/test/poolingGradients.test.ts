import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { describeOnEveryBackend } from './availableBackends.js';
import { relativeError, sampleValues } from './numericGradient.js';

type Pair = readonly [rows: number, columns: number];

const SHAPE = [2, 5, 6, 2] as const;
const WINDOWS: readonly Pair[] = [
  [2, 3],
  [3, 2],
  [1, 4],
  [4, 1],
  [3, 3],
  [5, 2],
];
const CASES = WINDOWS.flatMap((window) =>
  [1, 2, 3, [2, 1] as const].flatMap((strides) =>
    [0, 1, 'same' as const, 'valid' as const]
      // A window of padding alone has no mean.
      .filter((padding) => typeof padding === 'string' || padding < Math.min(...window))
      .map((padding) => ({ window, strides, padding })),
  ),
);

/** Where windows begin, along an axis of a `length`, as TensorFlow.js has it. */
function starts(
  length: number,
  size: number,
  stride: number,
  padding: number | string,
  [tallWindow, tallStride]: Pair,
): number[] {
  const along = (count: number, before: number) =>
    Array.from({ length: count }, (_, i) => i * stride - before);
  if (padding === 'valid') return along(Math.ceil((length - size + 1) / stride), 0);
  if (padding === 'same') {
    const count = Math.ceil(length / stride);
    return along(count, Math.max(0, (count - 1) * stride + size - length) >> 1);
  }
  const before = padding as number;
  // One number as padding: the height of the window and of its stride decide for both axes.
  return along(Math.floor((length - tallWindow + 2 * before) / tallStride) + 1, before);
}

/** Whether as many windows lie in a row as the padded width has room for. */
function fillsItsWidth({ window, strides, padding }: (typeof CASES)[number]): boolean {
  if (typeof padding === 'string') return true;
  const stride: Pair = typeof strides === 'number' ? [strides, strides] : strides;
  const windows = starts(SHAPE[2], window[1], stride[1], padding, [window[0], stride[0]]).length;
  return windows === Math.floor((SHAPE[2] - window[1] + 2 * padding) / stride[1]) + 1;
}

/** The gradient of Σ w · pool(x), for each window w over its elements, or all to its largest one. */
function naiveGradient(
  pool: 'avgPool' | 'maxPool',
  x: Float32Array,
  weights: Float32Array,
  { window, strides, padding }: (typeof CASES)[number],
): Float64Array {
  const [batch, height, width, channels] = SHAPE;
  const stride: Pair = typeof strides === 'number' ? [strides, strides] : strides;
  const tall: Pair = [window[0], stride[0]];
  const rows = starts(height, window[0], stride[0], padding, tall);
  const columns = starts(width, window[1], stride[1], padding, tall);
  const dx = new Float64Array(x.length);
  let at = 0;
  for (let image = 0; image < batch; image += 1) {
    for (const top of rows) {
      for (const left of columns) {
        for (let channel = 0; channel < channels; channel += 1, at += 1) {
          const elements: number[] = [];
          for (let row = Math.max(0, top); row < Math.min(height, top + window[0]); row += 1) {
            for (let column = Math.max(0, left); column < Math.min(width, left + window[1]); column += 1) {
              elements.push(((image * height + row) * width + column) * channels + channel);
            }
          }
          if (pool === 'avgPool') {
            for (const element of elements) dx[element]! += weights[at]! / elements.length;
          } else {
            dx[elements.reduce((best, element) => (x[element]! > x[best]! ? element : best))]! +=
              weights[at]!;
          }
        }
      }
    }
  }
  expect(at).toBe(weights.length);
  return dx;
}

describeOnEveryBackend('pooling gradients', () => {
  test.each(['avgPool', 'maxPool'] as const)('of %s, whatever the window, strides and padding', (pool) => {
    const values = sampleValues(SHAPE.reduce((product, size) => product * size, 1));
    const failures: string[] = [];
    for (const given of CASES) {
      const { window, strides, padding } = given;
      // TensorFlow.js's wasm kernels count them that way and write beyond their output otherwise.
      if (tf.getBackend() === 'wasm' && !fillsItsWidth(given)) continue;
      tf.tidy(() => {
        const x = tf.tensor4d(values, [...SHAPE]);
        const f = (at: Tensor) =>
          tf[pool](
            at as Tensor4D,
            [...window],
            typeof strides === 'number' ? strides : [...strides],
            padding,
            typeof padding === 'number' ? 'floor' : undefined,
          );
        const weights = sampleValues(f(x).size, { seed: 7, low: 0.5, high: 1.5 });
        const objective = (at: Tensor) => tf.sum(tf.mul(f(at), tf.tensor(weights, f(at).shape)));
        try {
          const gradient = tf.grad(objective)(x).dataSync();
          const error = relativeError(gradient, naiveGradient(pool, values, weights, given));
          if (!(error < 1e-5)) failures.push(`${JSON.stringify(given)}: off by ${error}`);
        } catch (thrown) {
          failures.push(`${JSON.stringify(given)}: ${String(thrown)}`);
        }
      });
    }
    expect(failures).toEqual([]);
  });
});
