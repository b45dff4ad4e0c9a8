import { studentRepulsion } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

/** What drives the points apart. */
export interface Repulsion {
  /** [n · 2], Σ_j q_ij w_ij (y_i - y_j) for each point. */
  readonly forces: Float64Array;
  /** Z, the sum of w over all ordered pairs of different points. */
  readonly normalizer: number;
}

/**
 * The repulsion of all pairs, exact, with w_ij = 1 / (1 + |y_i - y_j|²) and q_ij = w_ij / Z.
 *
 * @param embedding [n · 2]
 */
export async function repulsion(embedding: Float64Array): Promise<Repulsion> {
  const points = tf.tensor2d(Float32Array.from(embedding), [embedding.length / 2, 2]);
  const found = studentRepulsion(points);
  const [forces, [sum]] = await Promise.all([found.forces.data(), found.normalizer.data()]);
  tf.dispose([points, found.forces, found.normalizer]);
  const normalizer = Math.max(sum!, Number.MIN_VALUE);
  return { forces: Float64Array.from(forces, (force) => force / normalizer), normalizer };
}
