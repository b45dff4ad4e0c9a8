import * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from '../errors.js';
import type { HingeProblem } from './hingeProblem.js';

/**
 * Several problems with the same features, whose values, gradients and Hessians are products of
 * matrices on the engine. Points and directions are float64 [P, D+1] of the host. Letters: P problems.
 */
export class HingeBatch {
  readonly #features: tf.Tensor2D;
  /** float32 [n, P]: 1, -1, 0. */
  readonly #targets: tf.Tensor2D;
  /** float32 [n, P]. */
  readonly #costs: tf.Tensor2D;
  /** float32 [n, P]: twice the cost where a sample is on the wrong side of its margin, else 0. */
  #curvature: tf.Tensor2D | undefined;
  /** float32 [n, P]: target times score. */
  #margins: tf.Tensor2D | undefined;

  /** @param features float32 [n, D+1], the last column 1; stays the caller's */
  constructor(features: tf.Tensor2D, problems: readonly HingeProblem[]) {
    const rows = features.shape[0];
    const count = problems.length;
    const targets = new Float32Array(rows * count);
    const costs = new Float32Array(rows * count);
    for (const [p, problem] of problems.entries()) {
      for (let row = 0; row < rows; row++) {
        const target = problem.targets[row]!;
        targets[row * count + p] = target;
        costs[row * count + p] = target === 0 ? 0 : target > 0 ? problem.positive : problem.negative;
      }
    }
    this.#features = features;
    this.#targets = tf.tensor2d(targets, [rows, count]);
    this.#costs = tf.tensor2d(costs, [rows, count]);
  }

  /** Moves to a point: the weighted squared hinge losses there, [P], and their gradient, [P, D+1]. */
  async moveTo(point: Float64Array) {
    this.#forget();
    const computed = tf.tidy(() => {
      const margins = tf.mul<tf.Tensor2D>(this.#scores(point), this.#targets);
      const slack = tf.relu(tf.sub(1, margins));
      const weighted = tf.mul(slack, this.#costs);
      const towards = tf.mul<tf.Tensor2D>(tf.mul(weighted, this.#targets), -2);
      return {
        margins,
        curvature: tf.mul<tf.Tensor2D>(tf.mul(tf.step(slack), this.#costs), 2),
        gradient: tf.matMul<tf.Tensor2D>(towards, this.#features, true, false),
        losses: tf.sum(tf.mul(weighted, slack), 0),
      };
    });
    const { margins, curvature, ...parts } = computed;
    this.#margins = margins;
    this.#curvature = curvature;
    const [gradient, losses] = await Promise.all([
      parts.gradient.data<'float32'>(),
      parts.losses.data<'float32'>(),
    ]);
    tf.dispose(parts);
    return { gradient, losses };
  }

  /**
   * The Hessian of the losses at the point moved to, times directions: [P, D+1].
   *
   * @throws {EvaluatorError} `NON_FINITE_FEATURES`
   */
  async curve(directions: Float64Array): Promise<Float32Array> {
    const product = tf.tidy(() => {
      const along = tf.mul<tf.Tensor2D>(this.#scores(directions), this.#curvature!);
      return tf.matMul(along, this.#features, true, false);
    });
    const values = await product.data<'float32'>();
    product.dispose();
    for (const value of values) if (!Number.isFinite(value)) throw squaresOverflow();
    return values;
  }

  /**
   * Prepares steps from the point moved to.
   *
   * @returns the losses after steps of lengths [P], and what releases the preparation
   */
  steps(directions: Float64Array) {
    const along = tf.tidy(() => tf.mul<tf.Tensor2D>(this.#scores(directions), this.#targets));
    return {
      lossesAt: async (lengths: readonly number[]): Promise<ArrayLike<number>> => {
        const losses = tf.tidy(() => {
          const margins = tf.add(this.#margins!, tf.mul(along, tf.tensor1d([...lengths])));
          return tf.sum(tf.mul(tf.square(tf.relu(tf.sub(1, margins))), this.#costs), 0);
        });
        const values = await losses.data();
        losses.dispose();
        return values;
      },
      dispose: () => along.dispose(),
    };
  }

  dispose(): void {
    this.#forget();
    tf.dispose([this.#targets, this.#costs]);
  }

  #scores(point: Float64Array): tf.Tensor2D {
    const size = this.#features.shape[1];
    const weights = tf.tensor2d(Float32Array.from(point), [point.length / size, size]);
    return tf.matMul(this.#features, weights, false, true);
  }

  #forget(): void {
    this.#margins?.dispose();
    this.#curvature?.dispose();
    this.#margins = this.#curvature = undefined;
  }
}

function squaresOverflow(): Error {
  return evaluatorError('NON_FINITE_FEATURES', {
    message: 'the linear SVM cannot compute with these features in float32',
    given: 'sums of squares that overflow',
    expected: 'features whose squares are finite',
    remedy: 'Scale the features down, or leave normalize as it is, true',
  });
}
