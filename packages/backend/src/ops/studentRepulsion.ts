import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { StudentRepulsion } from '../kernelNames.js';
import { requireFloat } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/** What {@link studentRepulsion} finds. Both tensors are the caller's to dispose. */
export interface StudentRepulsionForces {
  /** float32 [n, 2], Σ_j w_ij² (y_i - y_j) for each point y_i. */
  readonly forces: Tensor2D;
  /** float32 [], Z: the sum of w_ij over all ordered pairs of different points. */
  readonly normalizer: Scalar;
}

/**
 * How all points of the plane drive each other apart in t-SNE, with the weight w_ij = 1 / (1 + |y_i - y_j|²) of
 * Student's t-distribution: the second part of its gradient is 4 `forces` / `normalizer`. Exact, in memory that is
 * bounded however many points there are. Not differentiable.
 *
 * @param points float32 [n, 2]
 * @throws BackendError `INVALID_SHAPE` or `INVALID_DTYPE` for a tensor that does not fit
 * @see van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008, equation 5
 */
export function studentRepulsion(points: Tensor2D): StudentRepulsionForces {
  requireFloat('studentRepulsion', 'points', points);
  if (points.rank !== 2 || points.shape[1] !== 2 || points.shape[0] === 0) {
    throw backendError('INVALID_SHAPE', {
      message: 'studentRepulsion takes points of the plane',
      given: `[${points.shape.join(', ')}]`,
      expected: '[n, 2] with n of at least 1',
    });
  }
  const [forces, normalizer] = runFusedKernel(StudentRepulsion, { points }, {}) as [Tensor2D, Scalar];
  return { forces, normalizer };
}
