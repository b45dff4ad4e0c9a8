import { beforeAll, beforeEach, afterEach, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { augmentedImages, normalizedImages } from '../images.js';

const shape = [60, 8, 8, 3] as const;
const coordinates = { seed: 3, epoch: 1, step: 2 };

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});

let tensorsBefore: number;
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

test('normalizedImages subtracts the mean and divides by the deviation of each channel', () => {
  const normalized = normalizedImages({ images: Uint8Array.of(0, 0, 0, 255, 255, 255), shape: [1, 1, 2, 3] });
  const expected = [
    ...[0.4914 / 0.247, 0.4822 / 0.2435, 0.4465 / 0.2616].map((value) => -value),
    ...[(1 - 0.4914) / 0.247, (1 - 0.4822) / 0.2435, (1 - 0.4465) / 0.2616],
  ];
  normalized.dataSync().forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
  normalized.dispose();
});

describe('augmentedImages', () => {
  let images: tf.Tensor4D;
  let before: Float32Array;
  beforeEach(() => {
    before = randomStream({ seed: 1, purpose: 'test' }).uniform(60 * 8 * 8 * 3);
    images = tf.tensor4d(before, [...shape]);
  });
  afterEach(() => {
    images.dispose();
  });

  function augmented(step: typeof coordinates): Float32Array {
    const result = augmentedImages(images, step);
    expect(result.shape).toEqual(shape);
    const data = result.dataSync<'float32'>();
    result.dispose();
    return data;
  }

  /** Pixel by pixel what moving and mirroring is; the padding is 0. */
  function moved(image: number, top: number, left: number, mirror: boolean): number[] {
    const out: number[] = [];
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        const fromY = y + top - 4;
        const fromX = (mirror ? 7 - x : x) + left - 4;
        const inside = fromY >= 0 && fromY < 8 && fromX >= 0 && fromX < 8;
        for (let channel = 0; channel < 3; channel++) {
          out.push(inside ? before[((image * 8 + fromY) * 8 + fromX) * 3 + channel]! : 0);
        }
      }
    }
    return out;
  }

  test('moves each image by up to four pixels and mirrors half of them', () => {
    const after = augmented(coordinates);
    const tops = new Set<number>();
    const lefts = new Set<number>();
    let mirroredCount = 0;
    for (let image = 0; image < 60; image++) {
      const result = after.subarray(image * 192, (image + 1) * 192);
      const explanations: [number, number, boolean][] = [];
      for (let top = 0; top <= 8; top++) {
        for (let left = 0; left <= 8; left++) {
          for (const mirror of [false, true]) {
            if (moved(image, top, left, mirror).every((value, index) => value === result[index])) {
              explanations.push([top, left, mirror]);
            }
          }
        }
      }
      expect(explanations).toHaveLength(1);
      const [top, left, mirror] = explanations[0]!;
      tops.add(top);
      lefts.add(left);
      if (mirror) mirroredCount++;
    }
    expect(tops.size).toBe(9);
    expect(lefts.size).toBe(9);
    expect(mirroredCount).toBeGreaterThan(15);
    expect(mirroredCount).toBeLessThan(45);
  });

  test('is the same for the same step and different for another one', () => {
    const first = augmented(coordinates);
    expect(augmented(coordinates)).toEqual(first);
    expect(augmented({ ...coordinates, step: 3 })).not.toEqual(first);
  });
});
