import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import { randomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';

import { requireInteger, requireOneOf, requirePositive, requireTwoClasses } from '../checks.js';
import { denseLabels } from '../denseLabels.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { requireSplits, type LabelledFeatures } from '../labelledFeatures.js';
import { splitValidation } from './splitValidation.js';
import { standardization } from './standardization.js';
import { SweptClassifiers } from './sweptClassifiers.js';

export interface LinearSweepOptions {
  /** Learning rates, for batches of `batchSize`; 0.01 .. 30 in half decades by default. */
  readonly rates?: readonly number[];
  /** 30 by default. */
  readonly epochs?: number;
  /** 256 by default; the last batch of an epoch can be smaller. */
  readonly batchSize?: number;
  /** 0.9 by default. */
  readonly momentum?: number;
  /** L2 regularization of the weights, added to their gradient; 0 by default. */
  readonly weightDecay?: number;
  /** How the rate falls: to 0 like a cosine (the default), or not at all. */
  readonly schedule?: 'cosine' | 'constant';
  /**
   * The share of the training images by which the rate is chosen, and which are not fitted to; 0.1 by
   * default. With 0 the rate is chosen by the held-out images, as many published results are.
   */
  readonly validation?: number;
  /** Of the order of batches and of the images set aside; 0 by default. */
  readonly seed?: number;
}

/** The names of {@link LinearSweepOptions}. */
export const LINEAR_SWEEP_OPTIONS: OptionNames<LinearSweepOptions> = {
  rates: true,
  epochs: true,
  batchSize: true,
  momentum: true,
  weightDecay: true,
  schedule: true,
  validation: true,
  seed: true,
};

/** Scores: `accuracy` at the chosen rate, `accuracy@rate` at each. */
export interface LinearSweepResult extends Evaluation {
  readonly scores: { readonly accuracy: number; readonly [name: `accuracy@${number}`]: number };
  readonly rate: number;
  /** On the held-out images, 0 .. 1, for each rate in the order given. */
  readonly accuracies: readonly number[];
  /** On the images by which the rate is chosen. */
  readonly validationAccuracies: readonly number[];
}

/**
 * Trains linear classifiers on frozen features by SGD with momentum, one for each learning rate, all
 * in one pass over the features, and chooses the rate.
 *
 * Features are standardized by the mean and deviation of the images that are fitted to. All classifiers
 * start at 0 and see the same batches, in an order that is new in each epoch. Of equally good rates the
 * smallest is chosen; one that diverges counts as never right.
 *
 * @param train features to fit to and to choose by, [n, D], with the class of each
 * @param test held-out features, [N, D], with theirs
 * @returns figures only; no tensor is kept
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a class has not enough images to be in both parts;
 *   `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`, `EMPTY_SPLIT`, `ONE_CLASS`,
 *   `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 * @see He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020,
 *   section 4.1, for linear classification whose best learning rate (30) a grid search finds
 */
export async function linearSweep(
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: LinearSweepOptions = {},
): Promise<LinearSweepResult> {
  requireKnownOptions(WHAT, options, LINEAR_SWEEP_OPTIONS);
  const {
    rates = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    epochs = 30,
    batchSize = 256,
    momentum = 0.9,
    weightDecay = 0,
    schedule = 'cosine',
    validation = 0.1,
    seed = 0,
  } = options;
  const settings = { rates, epochs, batchSize, momentum, weightDecay, schedule, validation, seed };
  requireSweepOptions(settings);
  const given = await requireSplits(WHAT, train, test);
  requireTwoClasses(WHAT, given[0]);
  const parts = splitValidation(given[0], validation, seed);
  const { classes, lists } = denseLabels(...given);
  const [trainLabels, testLabels] = lists;
  const taken: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    taken.push(tensor);
    return tensor;
  };
  const classifiers = new SweptClassifiers(train.features.shape[1], classes.length, {
    rates,
    momentum,
    weightDecay,
  });
  try {
    const raw = keep(rowsOf(train.features, parts.fitted));
    const standardize = await standardization(raw);
    const fitted = keep(standardize.apply(raw));
    const held = keep(standardize.apply(test.features));
    const chooser = parts.held.length > 0 ? keep(rowsOf(train.features, parts.held)) : undefined;
    const judged = chooser && keep(standardize.apply(chooser));
    standardize.dispose();
    const labels = parts.fitted.map((row) => trainLabels[row]!);
    const batches = Math.ceil(labels.length / batchSize);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = randomStream({ seed, purpose: 'linear sweep', epoch }).permutation(labels.length);
      for (let batch = 0; batch < batches; batch++) {
        const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const done = (epoch * batches + batch) / (epochs * batches);
        const share = schedule === 'cosine' ? (1 + Math.cos(Math.PI * done)) / 2 : 1;
        const x = rowsOf(fitted, rows);
        classifiers.step(
          x,
          rows.map((row) => labels[row]!),
          share,
        );
        x.dispose();
      }
    }
    const accuracies = await classifiers.accuracies(held, testLabels);
    const validationAccuracies = judged
      ? await classifiers.accuracies(
          judged,
          parts.held.map((row) => trainLabels[row]!),
        )
      : accuracies;
    const best = bestRate(rates, validationAccuracies);
    return {
      rate: rates[best]!,
      accuracies,
      validationAccuracies,
      scores: {
        accuracy: accuracies[best]!,
        ...Object.fromEntries(rates.map((rate, r) => [`accuracy@${rate}`, accuracies[r]!])),
      },
      settings: { ...settings, rate: rates[best]! },
    };
  } finally {
    classifiers.dispose();
    tf.dispose(taken);
  }
}

const WHAT = 'the linear sweep';

function rowsOf(features: tf.Tensor2D, rows: Int32Array): tf.Tensor2D {
  return tf.tidy(() => tf.gather(features, tf.tensor1d(rows, 'int32')));
}

function bestRate(rates: readonly number[], accuracies: readonly number[]): number {
  const rising = [...rates.keys()].sort((a, b) => rates[a]! - rates[b]!);
  return rising.reduce((best, r) => (accuracies[r]! > accuracies[best]! ? r : best));
}

function requireSweepOptions({
  rates,
  epochs,
  batchSize,
  momentum,
  weightDecay,
  schedule,
  validation,
  seed,
}: Required<LinearSweepOptions>): void {
  if (rates.length === 0) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} has no learning rate`,
      given: rates,
      expected: 'at least one',
    });
  }
  for (const rate of rates) requirePositive(WHAT, 'learning rate', rate);
  requireInteger(WHAT, 'epochs', epochs, 1);
  requireOneOf(WHAT, 'schedule', schedule, ['cosine', 'constant']);
  requireInteger(WHAT, 'batchSize', batchSize, 1);
  requireInteger(WHAT, 'seed', seed, 0);
  requirePositive(WHAT, 'weightDecay', weightDecay, { zero: true });
  for (const [name, value] of Object.entries({ momentum, validation })) {
    requirePositive(WHAT, name, value, { zero: true });
    if (value < 1) continue;
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} cannot use this ${name}`,
      given: value,
      expected: 'a number from 0, below 1',
    });
  }
}
