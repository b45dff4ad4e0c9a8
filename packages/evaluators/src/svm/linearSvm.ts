import type { OptionNames } from '@protocl/core/options';
import type * as tf from '@tensorflow/tfjs-core';

import { emptySplit, requireFinite, requireOneOf } from '../checks.js';
import type { Evaluation } from '../evaluation.js';
import { HELD_OUT, requireMatrices, TRAINING, type LabelledFeatures } from '../labelledFeatures.js';
import { readLabels, type HostLabels, type Labels } from '../labels.js';
import {
  averagePrecision,
  AVERAGE_PRECISION_METHODS,
  meanAveragePrecision,
  type AveragePrecisionMethod,
} from './averagePrecision.js';
import { fitMachines, type LinearSvm } from './fitLinearSvm.js';
import {
  FIT_LINEAR_SVM_OPTIONS,
  resolveSvm,
  toldSettings,
  WHAT,
  type FitLinearSvmOptions,
  type SvmSettings,
} from './svmOptions.js';
import { classNamesOf, targetsOf } from './targets.js';

/** How machines are fitted, and how they are judged. */
export interface LinearSvmOptions extends FitLinearSvmOptions {
  /** `area` by default. */
  readonly averagePrecision?: AveragePrecisionMethod;
}

/** The names of {@link LinearSvmOptions}. */
export const LINEAR_SVM_OPTIONS: OptionNames<LinearSvmOptions> = {
  ...FIT_LINEAR_SVM_OPTIONS,
  averagePrecision: true,
};

/** Scores: `meanAveragePrecision`, and `accuracy` where each held-out image has one class. */
export interface LinearSvmResult extends Evaluation {
  readonly scores: { readonly meanAveragePrecision: number; readonly accuracy?: number };
  readonly model: LinearSvm;
  /** For each class of `model.classes`; NaN where no held-out image shows it. */
  readonly averagePrecisions: Float64Array;
  /** float32 [N, k] of the host: the score of each held-out image for each class of `model.classes`. */
  readonly testScores: Float32Array;
  /** C of each class of `model.classes`. */
  readonly costs: readonly number[];
}

/** {@link LinearSvmOptions} with its defaults filled in. */
export interface JudgedSvmSettings extends SvmSettings {
  readonly averagePrecision: AveragePrecisionMethod;
}

/** Features with labels that were read, and looked at. */
export interface ReadSamples {
  readonly features: tf.Tensor2D;
  readonly labels: HostLabels;
}

/**
 * Judges features by linear support vector machines, one for each class against all others, that are
 * fitted to the training images, see {@link fitLinearSvm}. Defaults are the protocol of the published evaluations on
 * VOC 2007 and Places205: normalized features, weights 2 and 1 for images with and without the class, C for each
 * class by 3-fold cross-validation. Classes that all or none of the training images show are left out.
 *
 * @param train float32 [n, D], finite, with a class or a row of 1, 0 and -1 for each image
 * @param test the held-out images, [N, D], with theirs
 * @returns arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `ONE_CLASS`; `TOO_FEW_SAMPLES` if a class has fewer images than there are
 *   folds; `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`, `EMPTY_SPLIT`,
 *   `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 * @see Goyal et al., "Scaling and Benchmarking Self-Supervised Visual Representation Learning", ICCV
 *   2019; Li et al., "Prototypical Contrastive Learning", ICLR 2021, section 5.1
 */
export async function linearSvm(
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
  options: LinearSvmOptions = {},
): Promise<LinearSvmResult> {
  const settings = resolveJudgedSvm(options, LINEAR_SVM_OPTIONS);
  const [known, held] = await readSvmSamples(train, test);
  return judgeMachines(known, held, settings);
}

/** Fills in the defaults; @throws {EvaluatorError} `INVALID_OPTION`; `UNKNOWN_OPTION` */
export function resolveJudgedSvm<Options extends LinearSvmOptions>(
  options: Options,
  known: OptionNames<Options>,
): JudgedSvmSettings {
  const settings = resolveSvm(options, known);
  const { averagePrecision: method = 'area' }: LinearSvmOptions = options;
  requireOneOf(WHAT, 'averagePrecision', method, AVERAGE_PRECISION_METHODS);
  return { ...settings, averagePrecision: method };
}

/** Looks at both sets and reads their labels. */
export async function readSvmSamples(
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
): Promise<readonly [ReadSamples, ReadSamples]> {
  requireMatrices(WHAT, train, test);
  const sides = [
    {
      features: train.features,
      labels: await readLabels(WHAT, TRAINING, train.labels, train.features.shape[0]),
    },
    {
      features: test.features,
      labels: await readLabels(WHAT, HELD_OUT, test.labels, test.features.shape[0]),
    },
  ] as const;
  await requireFinite(WHAT, TRAINING, train.features);
  await requireFinite(WHAT, HELD_OUT, test.features);
  return sides;
}

/** {@link linearSvm} of what was looked at before. */
export async function judgeMachines(
  train: ReadSamples,
  test: ReadSamples,
  { averagePrecision: method, ...settings }: JudgedSvmSettings,
): Promise<LinearSvmResult> {
  const names = classNamesOf(train.labels);
  const { difficult } = settings;
  // Before anything is fitted, so that labels that do not fit come to light at once.
  const targets = targetsOf(WHAT, HELD_OUT, test.labels, test.features.shape[0], { names, difficult });
  const model = await fitMachines(train.features, train.labels, settings);
  const scores = model.score(test.features);
  const testScores = await scores.data<'float32'>();
  scores.dispose();
  const averagePrecisions = Float64Array.from(model.classes, (name, i) => {
    const own = targets[names.indexOf(name)]!;
    const column = Float32Array.from(own, (_, row) => testScores[row * model.classes.length + i]!);
    return averagePrecision(column, own, { method });
  });
  if (averagePrecisions.every(Number.isNaN))
    throw emptySplit(WHAT, 'held-out image of a class that it has learned');
  return {
    model,
    averagePrecisions,
    testScores,
    costs: model.costs,
    scores: {
      meanAveragePrecision: meanAveragePrecision(averagePrecisions),
      ...(test.labels instanceof Int32Array && {
        accuracy: accuracyOf(testScores, model.classes, test.labels),
      }),
    },
    settings: { ...toldSettings(settings), averagePrecision: method },
  };
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
