import * as tf from '@tensorflow/tfjs-core';

/** `count` values in -1 .. 1; the generator of tools/parity/kmeans.py. */
export function uniform(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export interface Grouped {
  readonly n: number;
  readonly dimension: number;
  readonly groups: number;
  readonly noise: number;
}

/** Normalised points around the centres of groups, row-major; the same as in tools/parity/kmeans.py. */
export function groupedPoints({ n, dimension, groups, noise }: Grouped): Float32Array {
  const centres = uniform(groups * dimension, 1);
  const noises = uniform(n * dimension, 2);
  const points = new Float32Array(n * dimension);
  for (let row = 0; row < n; row += 1) {
    const values = Array.from(
      { length: dimension },
      (_, d) => centres[(row % groups) * dimension + d]! + noise * noises[row * dimension + d]!,
    );
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    points.set(
      values.map((value) => value / length),
      row * dimension,
    );
  }
  return points;
}

export function matrix(values: Float32Array | readonly number[], dimension: number): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(values), [values.length / dimension, dimension]);
}

/** The nearest centroid of each point and the squared distance to it, compared in float64. */
export function naiveNearest(points: ArrayLike<number>, centroids: ArrayLike<number>, dimension: number) {
  const indices: number[] = [];
  const squaredDistances: number[] = [];
  for (let point = 0; point < points.length; point += dimension) {
    let index = -1;
    let least = Infinity;
    for (let centroid = 0; centroid < centroids.length; centroid += dimension) {
      let distance = 0;
      for (let d = 0; d < dimension; d += 1) distance += (points[point + d]! - centroids[centroid + d]!) ** 2;
      if (distance < least) [index, least] = [centroid / dimension, distance];
    }
    indices.push(index);
    squaredDistances.push(least);
  }
  return { indices, squaredDistances, objective: squaredDistances.reduce((sum, value) => sum + value, 0) };
}
