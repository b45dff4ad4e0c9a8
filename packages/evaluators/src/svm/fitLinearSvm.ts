import * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireMatrix } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { requireSet, TRAINING, type LabelledFeatures } from '../labelledFeatures.js';
import { readLabels, type HostLabels, type Labels } from '../labels.js';
import { withinRange } from '../neighbours/withinRange.js';
import { chooseCosts } from './chooseCosts.js';
import { problemOf } from './hingeProblem.js';
import { solveHinge } from './solveHinge.js';
import {
  FIT_LINEAR_SVM_OPTIONS,
  resolveSvm,
  WHAT,
  type FitLinearSvmOptions,
  type SvmSettings,
} from './svmOptions.js';
import { classNamesOf, learnable, targetsOf } from './targets.js';

/** One support vector machine for each class, against all others. Arrays of the host. */
export interface LinearSvm {
  /** The classes that had samples with and without them; letter k. */
  readonly classes: Int32Array;
  /** float32 [k, D], for features at length 1 if they were normalized. */
  readonly weights: Float32Array;
  /** float32 [k]. */
  readonly biases: Float32Array;
  /** [k]: C. */
  readonly costs: readonly number[];
  /** [k]: half the squared norm of weights and bias plus the weighted squared hinge losses. */
  readonly objectives: readonly number[];
  /** [k]: how far, as a share, an objective can be above its minimum. */
  readonly gaps: readonly number[];
  /** Whether all gaps are within the tolerance, and the weights are as near as it asks. */
  readonly converged: boolean;
  /**
   * Scores features, above 0 where the class is seen. They are normalized here if those of the fit were.
   *
   * @param features float32 [m, D]
   * @returns float32 [m, k], for the caller to dispose
   * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`
   */
  score(features: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Fits linear support vector machines, one against all, with squared hinge loss and L2 regularization, and the options
 * and defaults of {@link linearSvm}, which judges by such machines.
 * The bias is the weight of a further feature that is 1 everywhere, and is regularized like the others.
 * The objective is that of LIBLINEAR, and of scikit-learn's `LinearSVC` with `intercept_scaling=1`, on a
 * single class; here class weights are those of the one-against-all problems.
 *
 * @param train float32 [n, D], finite, with a class or a row of 1, 0 and -1 for each sample
 * @returns arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `ONE_CLASS` if no class has samples both with and without it; `TOO_FEW_SAMPLES` if a class
 *   has fewer images than there are folds; `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`,
 *   `EMPTY_SPLIT`, `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 */
export async function fitLinearSvm(
  train: LabelledFeatures<Labels>,
  options: FitLinearSvmOptions = {},
): Promise<LinearSvm> {
  const settings = resolveSvm(options, FIT_LINEAR_SVM_OPTIONS);
  requireSet(WHAT, TRAINING, train);
  const labels = await readLabels(WHAT, TRAINING, train.labels, train.features.shape[0]);
  await requireFinite(WHAT, TRAINING, train.features);
  return fitMachines(train.features, labels, settings);
}

/** {@link fitLinearSvm} of what was looked at before. */
export async function fitMachines(
  features: tf.Tensor2D,
  labels: HostLabels,
  settings: SvmSettings,
): Promise<LinearSvm> {
  const { classWeight, normalize, difficult, tolerance, iterations } = settings;
  const names = classNamesOf(labels);
  const all = targetsOf(WHAT, TRAINING, labels, features.shape[0], { names, difficult });
  const places = learnable(WHAT, all);
  const targets = Array.from(places, (place) => all[place]!);
  const extended = tf.tidy(() =>
    tf.concat2d([scaled(features, normalize), tf.ones([features.shape[0], 1])], 1),
  );
  try {
    const own = places.map((place) => names[place]!);
    const costs = await costsOf(extended, targets, own, settings);
    const problems = targets.map((target, i) => problemOf(target, costs[i]!, classWeight));
    const solutions = await solveHinge(extended, problems, { tolerance, iterations });
    return {
      ...machinesOf(
        own,
        solutions.map(({ weights }) => weights),
        normalize,
      ),
      costs,
      objectives: solutions.map(({ objective }) => objective),
      gaps: solutions.map(({ gap }) => gap),
      converged: solutions.every(({ converged }) => converged),
    };
  } finally {
    extended.dispose();
  }
}

async function costsOf(
  extended: tf.Tensor2D,
  targets: readonly Int8Array[],
  names: Int32Array,
  { cost, ...settings }: SvmSettings,
): Promise<readonly number[]> {
  if (typeof cost === 'number') return targets.map(() => cost);
  if (!('perClass' in cost)) {
    if (cost.length === 1) return targets.map(() => cost[0]!);
    return (await chooseCosts(extended, targets, { costs: cost, names, ...settings })).costs;
  }
  if (cost.perClass.length === targets.length) return cost.perClass;
  throw evaluatorError('INVALID_OPTION', {
    message: `${WHAT} needs one cost for each class that can be learned`,
    given: `${cost.perClass.length} costs`,
    expected: String(targets.length),
  });
}

/** As published; features shorter than 1 are divided by as small a part more, so that they can be of any scale. */
const MARGIN = 1e-5;

/** Inside of a tidy. */
function scaled(features: tf.Tensor2D, normalize: boolean): tf.Tensor2D {
  if (!normalize) return features;
  const rows = withinRange(features);
  const lengths = tf.norm(rows, 2, 1, true);
  return tf.divNoNan(rows, tf.add(lengths, tf.mul(tf.minimum(lengths, 1), MARGIN)));
}

function machinesOf(classes: Int32Array, solutions: readonly Float64Array[], normalize: boolean) {
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
        const rows = tf.tensor2d(weights, [classes.length, size]);
        const products = tf.matMul<tf.Tensor2D>(scaled(features, normalize), rows, false, true);
        return tf.add<tf.Tensor2D>(products, tf.tensor1d(biases));
      });
    },
  };
}
