import * as tf from '@tensorflow/tfjs-core';

import { highestOthers } from './highestOthers.js';
import { squaredDistances } from './squaredDistances.js';

/** The nearest other points of each point. */
export interface NearestOthers {
  /** [n · k], point by point, nearest first. */
  readonly indices: Int32Array;
  /** [n · k], the squared distances to them. */
  readonly squaredDistances: Float32Array;
}

/**
 * Finds the k nearest other points of each point by comparing all pairs, in blocks.
 *
 * @param points float32 [n, D], stays the caller's
 * @param k 1 .. n-1
 */
export async function nearestOthers(
  points: tf.Tensor2D,
  k: number,
  signal?: AbortSignal,
): Promise<NearestOthers> {
  const n = points.shape[0];
  const distances = squaredDistances(points);
  try {
    const { indices, values } = await highestOthers(
      {
        selves: Int32Array.from({ length: n }, (_, i) => i),
        columns: n,
        rows: (start, count) => tf.neg(distances.rows(start, count)),
      },
      k,
      signal,
    );
    return { indices, squaredDistances: values.map((value) => -value) };
  } finally {
    distances.dispose();
  }
}
