import { expect } from '@jest/globals';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Prototypes } from '@protocl/losses';

import type { NaivePrototypes, Rows } from './naiveLosses.js';

/** Random L2-normalised rows that are the same in every run, as float32 holds them. */
export function unitRows(rows: number, dimension: number, purpose: string): Rows {
  const stream = randomStream({ seed: 3, purpose });
  return Array.from({ length: rows }, () => {
    const row = stream.normal(dimension);
    const length = Math.hypot(...row);
    return [...row.map((value) => value / length)];
  });
}

/** `rows` moved a little and normalised again: keys as a trained encoder gives them. */
export function near(rows: Rows, noise: number, purpose: string): Rows {
  const offsets = unitRows(rows.length, rows[0]!.length, purpose);
  return rows.map((row, i) => {
    const moved = row.map((value, j) => value + noise * offsets[i]![j]!);
    const length = Math.hypot(...moved);
    return moved.map((value) => Math.fround(value / length));
  });
}

export const matrix = (rows: Rows): Tensor2D => tf.tensor2d(rows);

export function prototypesOf({ centroids, assignments, concentration }: NaivePrototypes): Prototypes {
  return {
    centroids: tf.tensor2d(centroids),
    assignments: Int32Array.from(assignments),
    concentration: tf.tensor1d([...concentration]),
  };
}

export const valueOf = (scalar: Tensor): number => scalar.dataSync<'float32'>()[0]!;

/** The largest difference, relative to the largest magnitude of what was expected. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const differences = expected.map((value, i) => Math.abs(actual[i]! - value));
  // NaN has to come out as a failure.
  if (differences.some(Number.isNaN)) return Infinity;
  return Math.max(...differences) / Math.max(1e-12, ...expected.map(Math.abs));
}

/** Checks value and gradients of a loss, and that neither leaves a tensor behind. */
export function expectLoss(
  f: (...inputs: Tensor2D[]) => tf.Scalar,
  at: Rows[],
  expected: { value: number; gradients: readonly number[][] },
  { absolute = 1e-5, relative = 1e-4 } = {},
): void {
  const inputs = at.map(matrix);
  const before = tf.memory().numTensors;
  const alone = f(...inputs);
  expect(alone.shape).toEqual([]);
  expect(tf.memory().numTensors).toBe(before + 1);
  const { value, grads } = tf.valueAndGrads((...tensors: Tensor[]) => f(...(tensors as Tensor2D[])))(inputs);
  expect(tf.memory().numTensors).toBe(before + 2 + inputs.length);
  expect(Math.abs(valueOf(alone) - expected.value)).toBeLessThan(absolute);
  expect(valueOf(value)).toBe(valueOf(alone));
  grads.forEach((gradient, i) =>
    expect(relativeError(gradient.dataSync(), expected.gradients[i]!)).toBeLessThan(relative),
  );
  tf.dispose([inputs, alone, value, grads]);
  expect(tf.memory().numTensors).toBe(before - inputs.length);
}
