import * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireInteger, requireMatrix, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { averagePrecision, meanAveragePrecision, type AveragePrecisionMethod } from './averagePrecision.js';
import { chooseCosts, PUBLISHED_COSTS } from './chooseCosts.js';
import {
  fitLinearSvm,
  learnable,
  requireClassWeight,
  withBias,
  type ClassWeight,
  type LinearSvm,
} from './fitLinearSvm.js';
import { classesOf, namedLabels, targetsOf, type Difficult, type Labels } from './targets.js';

/** Features with their classes, of which an image may have several. */
export interface SvmSamples {
  /** float32 [n, D]. */
  readonly features: tf.Tensor2D;
  readonly labels: Labels;
}

export interface LinearSvmOptions {
  /** C; several are chosen from, for each class, by cross-validation. The published list by default. */
  readonly cost?: number | readonly number[];
  /** Of the cross-validation; 3 by default. */
  readonly folds?: number;
  /** 2 and 1 by default, as published. */
  readonly classWeight?: ClassWeight;
  /** Whether features are divided by their length plus 1e-5 first, as published; true by default. */
  readonly normalize?: boolean;
  /** What becomes of images in which a class is hard to recognize, in both sets; they don't count by default. */
  readonly difficult?: Difficult;
  /** `area` by default. */
  readonly averagePrecision?: AveragePrecisionMethod;
  /** Of the solver, as of `fitLinearSvm`; 1e-4 by default. */
  readonly tolerance?: number;
  /** At most so many Newton steps; 100 by default. */
  readonly iterations?: number;
}

/** Scores: `meanAveragePrecision`, and `accuracy` where each image has one class. */
export interface LinearSvmResult extends Evaluation {
  readonly model: LinearSvm;
  /** For each class of `model.classes`; NaN where no held-out image shows it. */
  readonly averagePrecisions: Float64Array;
  /** float32 [N, k] of the host: the score of each held-out image for each class of `model.classes`. */
  readonly testScores: Float32Array;
  /** C of each class of `model.classes`. */
  readonly costs: readonly number[];
}

/**
 * Judges features by linear support vector machines, one for each class against all others, that are
 * fitted to the training images. Defaults are the protocol of the published evaluations on VOC 2007 and
 * Places205: normalized features, weights 2 and 1 for images with and without the class, C for each
 * class by 3-fold cross-validation. Classes that all or none of the training images show are left out.
 *
 * @returns arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `ONE_CLASS`; `TOO_FEW_SAMPLES` if a class has fewer images than there are
 *   folds; `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`, `EMPTY_SPLIT`,
 *   `NON_FINITE_FEATURES`
 * @see Goyal et al., "Scaling and Benchmarking Self-Supervised Visual Representation Learning", ICCV
 *   2019; Li et al., "Prototypical Contrastive Learning", ICLR 2021, section 5.1
 */
export async function linearSvm(
  train: SvmSamples,
  test: SvmSamples,
  {
    cost = PUBLISHED_COSTS,
    folds = 3,
    classWeight = { positive: 2, negative: 1 },
    normalize = true,
    difficult = 'ignore',
    averagePrecision: method = 'area',
    tolerance = 1e-4,
    iterations = 100,
  }: LinearSvmOptions = {},
): Promise<LinearSvmResult> {
  requireMatrix(WHAT, 'training features', train.features);
  requireMatrix(WHAT, 'held-out features', test.features, train.features.shape[1]);
  const [rows, heldRows] = [train.features.shape[0], test.features.shape[0]];
  const { names, lists } = namedLabels(
    WHAT,
    ['training features', train.labels, rows],
    ['held-out features', test.labels, heldRows],
  );
  const [labels, heldLabels] = lists as readonly [Labels, Labels];
  const classes = classesOf(labels, heldLabels);
  const all = targetsOf(WHAT, 'training features', labels, rows, { classes, difficult });
  const held = targetsOf(WHAT, 'held-out features', heldLabels, heldRows, { classes, difficult });
  await requireFinite(WHAT, 'training features', train.features);
  await requireFinite(WHAT, 'held-out features', test.features);
  requireSvmOptions({ cost, folds, classWeight, tolerance, iterations });
  const targets = Array.from(learnable(all), (c) => all[c]!);
  const [fitted, judged] = [train, test].map(({ features }) => scaled(features, normalize));
  try {
    const costs = await costsOf(fitted!, targets, { cost, folds, classWeight, tolerance, iterations });
    const fit = { cost: costs, classWeight, difficult, tolerance, iterations };
    const model = await fitLinearSvm(fitted!, labels, fit);
    const testScores = await scoresOf(model, judged!);
    const averagePrecisions = Float64Array.from(model.classes, (c, i) => {
      const column = Float32Array.from(held[c]!, (_, row) => testScores[row * model.classes.length + i]!);
      return averagePrecision(column, held[c]!, method);
    });
    return {
      model: { ...model, classes: model.classes.map((c) => names[c]!) },
      averagePrecisions,
      testScores,
      costs,
      scores: {
        meanAveragePrecision: meanAveragePrecision(averagePrecisions),
        ...(heldLabels instanceof Int32Array && {
          accuracy: accuracyOf(testScores, model.classes, heldLabels),
        }),
      },
      settings: {
        cost: typeof cost === 'number' ? cost : [...cost],
        ...(typeof cost !== 'number' && cost.length > 1 && { folds }),
        positiveWeight: classWeight === 'balanced' ? classWeight : classWeight.positive,
        negativeWeight: classWeight === 'balanced' ? classWeight : classWeight.negative,
        normalize,
        difficult,
        averagePrecision: method,
        tolerance,
        iterations,
      },
    };
  } finally {
    tf.dispose([fitted!, judged!]);
  }
}

const WHAT = 'the linear SVM';

type SolverOptions = Required<
  Pick<LinearSvmOptions, 'cost' | 'folds' | 'classWeight' | 'tolerance' | 'iterations'>
>;

async function costsOf(
  features: tf.Tensor2D,
  targets: readonly Int8Array[],
  { cost, ...options }: SolverOptions,
): Promise<readonly number[]> {
  const costs = typeof cost === 'number' ? [cost] : cost;
  if (costs.length === 1) return targets.map(() => costs[0]!);
  const extended = withBias(features);
  try {
    return (await chooseCosts(extended, targets, { costs, ...options })).costs;
  } finally {
    extended.dispose();
  }
}

function scaled(features: tf.Tensor2D, normalize: boolean): tf.Tensor2D {
  return normalize
    ? tf.tidy(() => tf.div<tf.Tensor2D>(features, tf.add(tf.norm(features, 2, 1, true), 1e-5)))
    : tf.clone(features);
}

async function scoresOf(model: LinearSvm, features: tf.Tensor2D): Promise<Float32Array> {
  const scores = model.score(features);
  const values = await scores.data<'float32'>();
  scores.dispose();
  return values;
}

/** The share of images whose class has the highest score. */
function accuracyOf(scores: Float32Array, classes: Int32Array, labels: Int32Array): number {
  let correct = 0;
  for (let row = 0; row < labels.length; row++) {
    let best = 0;
    for (let i = 1; i < classes.length; i++) {
      if (scores[row * classes.length + i]! > scores[row * classes.length + best]!) best = i;
    }
    if (classes[best] === labels[row]) correct++;
  }
  return correct / labels.length;
}

function requireSvmOptions({ cost, folds, classWeight, tolerance, iterations }: SolverOptions): void {
  const costs = typeof cost === 'number' ? [cost] : cost;
  if (costs.length === 0) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} has no cost to choose from`,
      given: costs,
      expected: 'at least one',
    });
  }
  for (const value of costs) requirePositive(WHAT, 'cost', value);
  requireInteger(WHAT, 'number of folds', folds, 2);
  requireClassWeight(classWeight);
  requirePositive(WHAT, 'tolerance', tolerance);
  requireInteger(WHAT, 'iterations', iterations, 1);
}
