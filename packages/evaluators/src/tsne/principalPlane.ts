import { principalComponents } from '@protocl/clustering';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

/** Directions that are followed for the two that are wanted, and how often they are multiplied, as in scikit-learn. */
const DIRECTIONS = 12;
const POWERS = 7;

/** The standard deviation that the embedding begins with, along its first axis. */
const DEVIATION = 1e-4;

/**
 * Where the embedding begins: the features on the plane of their two largest variances, scaled to a standard deviation
 * of 1e-4 along the first. Features without any variance begin at random.
 *
 * Only a few directions are followed, since a decomposition of the whole covariance takes minutes for 2048 dimensions.
 *
 * @param features float32 [n, D], n of at least 2; stays the caller's
 * @returns [n · 2]
 * @see Halko, Martinsson and Tropp, Finding structure with randomness, 2011, algorithm 4.4
 */
export async function principalPlane(features: tf.Tensor2D, seed: number): Promise<Float64Array> {
  const [n, dimension] = features.shape;
  const count = Math.min(DIRECTIONS, dimension);
  const random = randomStream({ seed, purpose: 't-SNE: start' });
  let basis = orthonormal(random.normal(dimension * count), count);
  for (let power = 0; power < POWERS && count < dimension; power++) {
    const directions = basis;
    const multiplied = tf.tidy(() => {
      const centred = tf.sub<tf.Tensor2D>(features, tf.mean(features, 0));
      const projected = tf.matMul<tf.Tensor2D>(centred, tf.tensor2d(directions, [dimension, count]));
      return tf.matMul<tf.Tensor2D>(centred, projected, true, false);
    });
    const values = await multiplied.data();
    multiplied.dispose();
    basis = orthonormal(values, count);
  }
  const plane = await projectOnto(features, basis, count);
  const deviation = deviationOf(plane.filter((_, i) => i % 2 === 0));
  if (deviation > 0) return plane.map((value) => (value / deviation) * DEVIATION);
  return Float64Array.from(random.normal(2 * n), (value) => value * DEVIATION);
}

/** [n · 2], the coordinates on the first two principal components within the directions; 0 where there is one only. */
async function projectOnto(features: tf.Tensor2D, basis: Float32Array, count: number): Promise<Float64Array> {
  const [n, dimension] = features.shape;
  const reduced = tf.tidy(() => tf.matMul<tf.Tensor2D>(features, tf.tensor2d(basis, [dimension, count])));
  const dimensions = Math.min(2, count);
  try {
    const components = await principalComponents(reduced, { dimensions });
    const projected = components.transform(reduced);
    const values = await projected.data();
    projected.dispose();
    components.dispose();
    const plane = new Float64Array(2 * n);
    for (let i = 0; i < values.length; i++) {
      plane[2 * Math.floor(i / dimensions) + (i % dimensions)] = values[i]!;
    }
    return plane;
  } finally {
    reduced.dispose();
  }
}

/** Orthonormal columns that span those of a matrix [rows, count]; columns without a part of their own become 0. */
function orthonormal(values: ArrayLike<number>, count: number): Float32Array {
  const rows = values.length / count;
  const columns = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length: rows }, (_, r) => values[r * count + c]!),
  );
  columns.forEach((column, c) => {
    const before = Math.sqrt(dot(column, column));
    // Twice, since once leaves rounding that is large beside what remains of a nearly dependent column.
    for (const other of [...columns.slice(0, c), ...columns.slice(0, c)]) {
      const share = dot(column, other);
      for (let r = 0; r < rows; r++) column[r]! -= share * other[r]!;
    }
    const length = Math.sqrt(dot(column, column));
    const scale = length > before * 1e-9 ? 1 / length : 0;
    for (let r = 0; r < rows; r++) column[r]! *= scale;
  });
  return Float32Array.from({ length: rows * count }, (_, i) => columns[i % count]![Math.floor(i / count)]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
