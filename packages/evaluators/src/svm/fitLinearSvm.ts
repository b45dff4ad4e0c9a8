import * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireInteger, requireMatrix, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { HingeProblem } from './hingeProblem.js';
import { solveHinge } from './solveHinge.js';
import { classesOf, countOf, namedLabels, targetsOf, type Difficult, type Labels } from './targets.js';

/** What samples of a class and samples without it weigh; `balanced`: n/2 each, in sum. */
export type ClassWeight = 'balanced' | { readonly positive: number; readonly negative: number };

export interface FitLinearSvmOptions {
  /** C, the weight of the losses beside half the squared norm of the weights; 1 by default. */
  readonly cost?: number | readonly number[];
  /** 1 and 1 by default. */
  readonly classWeight?: ClassWeight;
  /** Images in which a class is hard to recognize; left out by default. */
  readonly difficult?: Difficult;
  /**
   * It ends where the objective is certainly within this share of its minimum, and the weights as surely within the
   * fourth root of the share of theirs; 1e-4 by default, which is a tenth.
   */
  readonly tolerance?: number;
  /** At most so many Newton steps; 100 by default. */
  readonly iterations?: number;
}

/** One support vector machine for each class, against all others. Arrays of the host. */
export interface LinearSvm {
  /** The classes that had samples with and without them; letter k. */
  readonly classes: Int32Array;
  /** float32 [k, D]. */
  readonly weights: Float32Array;
  /** float32 [k]. */
  readonly biases: Float32Array;
  /** [k]: half the squared norm of weights and bias plus the weighted squared hinge losses. */
  readonly objectives: readonly number[];
  /** [k]: how far, as a share, an objective can be above its minimum. */
  readonly gaps: readonly number[];
  /** Whether all gaps are within the tolerance, and the weights are as near as it asks. */
  readonly converged: boolean;
  /**
   * Scores features, above 0 where the class is seen.
   *
   * @param features float32 [m, D]
   * @returns float32 [m, k], for the caller to dispose
   * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`
   */
  score(features: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Fits linear support vector machines, one against all, with squared hinge loss and L2 regularization.
 * The bias is the weight of a further feature that is 1 everywhere, and is regularized like the others.
 * The objective is that of LIBLINEAR, and of scikit-learn's `LinearSVC` with `intercept_scaling=1`, on a
 * single class; here class weights are those of the one-against-all problems.
 *
 * @param features float32 [n, D], finite; stays the caller's
 * @param labels a class, or a row of 1, 0 and -1, for each sample
 * @returns arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `ONE_CLASS` if no class has samples both with and without it;
 *   `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`, `EMPTY_SPLIT`,
 *   `NON_FINITE_FEATURES`
 */
export async function fitLinearSvm(
  features: tf.Tensor2D,
  labels: Labels,
  {
    cost = 1,
    classWeight = { positive: 1, negative: 1 },
    difficult = 'ignore',
    tolerance = 1e-4,
    iterations = 100,
  }: FitLinearSvmOptions = {},
): Promise<LinearSvm> {
  requireMatrix(WHAT, 'features', features);
  const { names, lists } = namedLabels(WHAT, ['features', labels, features.shape[0]]);
  const all = targetsOf(WHAT, 'features', lists[0]!, features.shape[0], {
    classes: classesOf(lists[0]!),
    difficult,
  });
  await requireFinite(WHAT, 'features', features);
  const classes = learnable(all);
  const costs = typeof cost === 'number' ? Array.from(classes, () => cost) : cost;
  requireFitOptions(costs, classWeight, tolerance, iterations, classes.length);
  const problems = Array.from(classes, (c, i) => problemOf(all[c]!, costs[i]!, classWeight));
  const extended = withBias(features);
  try {
    const solutions = await solveHinge(extended, problems, { tolerance, iterations });
    return {
      ...modelOf(
        classes.map((c) => names[c]!),
        solutions.map(({ weights }) => weights),
      ),
      objectives: solutions.map(({ objective }) => objective),
      gaps: solutions.map(({ gap }) => gap),
      converged: solutions.every(({ converged }) => converged),
    };
  } finally {
    extended.dispose();
  }
}

const WHAT = 'the linear SVM';

/** The problem of one class. */
export function problemOf(targets: Int8Array, cost: number, classWeight: ClassWeight): HingeProblem {
  if (classWeight !== 'balanced') {
    return { targets, positive: cost * classWeight.positive, negative: cost * classWeight.negative };
  }
  const [positives, negatives] = [countOf(targets, 1), countOf(targets, -1)];
  const half = (cost * (positives + negatives)) / 2;
  return { targets, positive: half / positives, negative: half / negatives };
}

/**
 * The classes that have samples both with and without them.
 *
 * @throws {EvaluatorError} `ONE_CLASS` if there are none
 */
export function learnable(targets: readonly Int8Array[]): Int32Array {
  const classes = [...targets.keys()].filter((c) => targets[c]!.includes(1) && targets[c]!.includes(-1));
  if (classes.length > 0) return Int32Array.from(classes);
  throw evaluatorError('ONE_CLASS', {
    message: `${WHAT} has no class to learn`,
    given: `${targets[0]?.length ?? 0} samples of ${targets.length} classes`,
    expected: 'samples both with and without a class',
  });
}

/** Features with a further column of ones, for the caller to dispose. */
export function withBias(features: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.concat2d([features, tf.ones([features.shape[0], 1])], 1));
}

function modelOf(classes: Int32Array, solutions: readonly Float64Array[]) {
  const size = solutions[0]!.length - 1;
  const weights = new Float32Array(classes.length * size);
  solutions.forEach((solution, i) => weights.set(solution.subarray(0, size), i * size));
  const biases = Float32Array.from(solutions, (solution) => solution[size]!);
  return {
    classes,
    weights,
    biases,
    score(features: tf.Tensor2D): tf.Tensor2D {
      requireMatrix(WHAT, 'features', features, size);
      return tf.tidy(() => {
        const products = tf.matMul<tf.Tensor2D>(
          features,
          tf.tensor2d(weights, [classes.length, size]),
          false,
          true,
        );
        return tf.add<tf.Tensor2D>(products, tf.tensor1d(biases));
      });
    },
  };
}

function requireFitOptions(
  costs: readonly number[],
  classWeight: ClassWeight,
  tolerance: number,
  iterations: number,
  classes: number,
): void {
  if (costs.length !== classes) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} needs one cost, or one for each class that can be learned`,
      given: `${costs.length} costs`,
      expected: String(classes),
    });
  }
  for (const cost of costs) requirePositive(WHAT, 'cost', cost);
  requireClassWeight(classWeight);
  requirePositive(WHAT, 'tolerance', tolerance);
  requireInteger(WHAT, 'iterations', iterations, 1);
}

/** @throws {EvaluatorError} `INVALID_OPTION` */
export function requireClassWeight(classWeight: ClassWeight): void {
  if (classWeight === 'balanced') return;
  requirePositive(WHAT, 'weight of positive samples', classWeight.positive);
  requirePositive(WHAT, 'weight of negative samples', classWeight.negative);
}
