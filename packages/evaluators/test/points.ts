import * as tf from '@tensorflow/tfjs-core';

/** `count` values in -1 .. 1; the generator of tools/parity/kmeans.py. */
export function uniform(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export interface Groups {
  readonly n: number;
  readonly dimension: number;
  readonly groups: number;
  readonly noise: number;
}

/** The points of tools/parity/tsne.py, row-major: separate groups. */
export function groupedPoints({ n, dimension, groups, noise }: Groups): Float32Array {
  const centers = uniform(groups * dimension, 1);
  const noises = uniform(n * dimension, 2);
  return Float32Array.from(noises, (value, at) => {
    const d = at % dimension;
    const center = centers[(Math.floor(at / dimension) % groups) * dimension + d]!;
    return center + (noise * value) / (1 + d / 4);
  });
}

export function matrix(values: ArrayLike<number>, columns: number): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(values), [values.length / columns, columns]);
}

/** Squared distances of all pairs in float64, naively. */
export function naiveSquaredDistances(values: ArrayLike<number>, columns: number): number[][] {
  const rows = Array.from({ length: values.length / columns }, (_, i) =>
    Array.from({ length: columns }, (__, d) => values[i * columns + d]!),
  );
  return rows.map((a) => rows.map((b) => a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0)));
}
