import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Random values that are the same in every run. */
export function sample<R extends tf.Rank>(shape: tf.ShapeMap[R], purpose: string): tf.Tensor<R> {
  const values = randomStream({ seed: 3, purpose }).normal(tf.util.sizeFromShape(shape));
  return tf.tensor(values, shape);
}

export const valuesOf = (tensor: Tensor): number[] => [...tensor.dataSync<'float32'>()];

/** The bits of float32 values: they tell 0 from -0. */
export const bitsOf = (values: Float32Array | Int32Array | Tensor): number[] => [
  ...new Uint32Array(
    values instanceof Float32Array || values instanceof Int32Array
      ? values.slice().buffer
      : values.dataSync<'float32'>().slice().buffer,
  ),
];

export const largestDifference = (actual: readonly number[], expected: readonly number[]): number =>
  actual.length === expected.length
    ? Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)))
    : Infinity;
