import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

import { studentRepulsion } from '../src/index.js';
import { describeOnEveryBackend } from './availableBackends.js';
import { sampleValues } from './numericGradient.js';

/** The sums pair by pair in float64, and what rounding may add to them. */
function naive(points: Float32Array) {
  const n = points.length / 2;
  const forces = new Float64Array(2 * n);
  const errors = new Float64Array(2 * n);
  let [normalizer, normalizerError] = [0, 0];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const difference = [0, 1].map((d) => points[2 * i + d]! - points[2 * j + d]!);
      const weight = 1 / (1 + difference[0]! ** 2 + difference[1]! ** 2);
      // Engines that expand |y_i - y_j|² into products round in proportion to the points' own lengths.
      const reach = [i, j].reduce((sum, k) => sum + points[2 * k]! ** 2 + points[2 * k + 1]! ** 2, 1);
      const relative = 1e-6 + 2 ** -22 * weight * reach;
      normalizerError += weight * relative;
      if (i !== j) normalizer += weight;
      difference.forEach((value, d) => {
        forces[2 * i + d]! += weight ** 2 * value;
        // Sums of w² y_i and of w² y_j may be what is subtracted.
        errors[2 * i + d]! += 2 * relative * weight ** 2 * (1 + Math.abs(points[2 * i + d]!));
      });
    }
  }
  return { forces, errors, normalizer, normalizerError };
}

describeOnEveryBackend('studentRepulsion', () => {
  test.each([
    ['one point', 1, 1],
    ['two points', 2, 1],
    ['a start, all points close together', 700, 1e-4],
    ['fewer points than a vector has lanes', 13, 3],
    ['several blocks', 1500, 10],
    ['points far apart', 100, 100],
  ])('of %s', (_, n, spread) => {
    const before = tf.memory().numTensors;
    const points = sampleValues(2 * n, { seed: 3 }).map((value) => spread * value);
    const input = tf.tensor2d(points, [n, 2]);
    const { forces, normalizer } = studentRepulsion(input);
    expect([forces.shape, forces.dtype, normalizer.shape]).toEqual([[n, 2], 'float32', []]);
    const expected = naive(points);
    forces.dataSync().forEach((force, i) => {
      expect(Math.abs(force - expected.forces[i]!)).toBeLessThanOrEqual(expected.errors[i]!);
    });
    const off = Math.abs(normalizer.dataSync()[0]! - expected.normalizer);
    expect(off).toBeLessThanOrEqual(expected.normalizerError);
    tf.dispose([input, forces, normalizer]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    ['points in space', () => tf.ones([3, 3]), 'INVALID_SHAPE'],
    ['no points', () => tf.ones([0, 2]), 'INVALID_SHAPE'],
    ['a vector', () => tf.ones([4]), 'INVALID_SHAPE'],
    ['integers', () => tf.ones([3, 2], 'int32'), 'INVALID_DTYPE'],
  ])('refuses %s', (_, input, code) => {
    tf.tidy(() => {
      expect(() => studentRepulsion(input() as Tensor2D)).toThrow(expect.objectContaining({ code }));
    });
  });
});
