import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { requireInteger, requirePositive, requireTwoClasses } from '../checks.js';
import { denseLabels } from '../denseLabels.js';
import type { Evaluation } from '../evaluation.js';
import { requireSplits, type LabelledFeatures } from '../labelledFeatures.js';
import { lbfgs } from './lbfgs.js';
import { standardization } from './standardization.js';

export interface LinearProbeOptions {
  /** Weight of half the squared norm of the weights, beside the mean loss; 1e-4 by default. */
  readonly l2?: number;
  /** At most so many steps of L-BFGS; 100 by default. */
  readonly iterations?: number;
  /** It ends where no component of the gradient is larger; 1e-5 by default. */
  readonly tolerance?: number;
}

/** The names of {@link LinearProbeOptions}. */
export const LINEAR_PROBE_OPTIONS: OptionNames<LinearProbeOptions> = {
  l2: true,
  iterations: true,
  tolerance: true,
};

/** How well a linear classifier does on features that stay as they are. Scores: `accuracy`, `trainAccuracy`. */
export interface LinearProbeResult extends Evaluation {
  readonly scores: { readonly accuracy: number; readonly trainAccuracy: number };
  /** Share of the held-out images classified correctly, 0 .. 1. */
  readonly accuracy: number;
  /** The same for the images it was fitted to. */
  readonly trainAccuracy: number;
  /** The objective in the end: mean cross-entropy plus regularisation. */
  readonly loss: number;
  readonly iterations: number;
  /** Whether the tolerance, or the precision of float32, was reached. */
  readonly converged: boolean;
}

/** Logits that are held at once: 16 MiB. */
const BLOCK_LOGITS = 2 ** 22;
/** What the rounding of float32 leaves of the loss, as a share. */
const FLOAT32_PRECISION = 1e-6;

/**
 * Fits multinomial logistic regression to frozen features and tells its accuracy. Each feature is
 * standardised by its mean and deviation over the training images; the bias is not regularised. With
 * l2 = 1 / (n C) it is scikit-learn's `LogisticRegression(C)`. For two classes scikit-learn has one vector of
 * weights, the difference of the two here, whose norms together are half of its norm: there l2 = 2 / (n C).
 *
 * @param train features to fit to, [n, D], with the class of each
 * @param test held-out features, [N, D], with theirs
 * @returns figures only; no tensor is kept
 * @throws {EvaluatorError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_LABELS`,
 *   `EMPTY_SPLIT`, `ONE_CLASS`, `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 */
export async function linearProbe(
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: LinearProbeOptions = {},
): Promise<LinearProbeResult> {
  requireKnownOptions('the linear probe', options, LINEAR_PROBE_OPTIONS);
  const { l2 = 1e-4, iterations = 100, tolerance = 1e-5 } = options;
  requireInteger('the linear probe', 'iterations', iterations, 1);
  requirePositive('the linear probe', 'l2', l2, { zero: true });
  requirePositive('the linear probe', 'tolerance', tolerance, { zero: true });
  const given = await requireSplits('the linear probe', train, test);
  requireTwoClasses('the linear probe', given[0]);
  const { classes: names, lists } = denseLabels(...given);
  const [trainLabels, testLabels] = lists;
  const classes = names.length;
  const size = train.features.shape[1] * classes;
  const standardize = await standardization(train.features);
  const fitted = standardize.apply(train.features);
  const heldOut = standardize.apply(test.features);
  standardize.dispose();
  const targets = tf.tidy(() =>
    tf.transpose(tf.oneHot(tf.tensor1d(trainLabels, 'int32'), classes, 1, 0, 'float32') as tf.Tensor2D),
  );
  try {
    const objective = async (point: Float64Array) => {
      const { loss, gradient } = await lossAndGradient(fitted, targets, point);
      let squares = 0;
      for (let i = 0; i < size; i++) {
        gradient[i]! += l2 * point[i]!;
        squares += point[i]! ** 2;
      }
      return { value: loss + (l2 / 2) * squares, gradient };
    };
    const start = new Float64Array(size + classes);
    const { point, value, ...ended } = await lbfgs(objective, start, {
      iterations,
      tolerance,
      precision: FLOAT32_PRECISION,
    });
    const scores = {
      accuracy: await accuracyOf(heldOut, testLabels, point),
      trainAccuracy: await accuracyOf(fitted, trainLabels, point),
    };
    return {
      ...scores,
      scores,
      settings: { l2, iterations, tolerance },
      loss: value,
      iterations: ended.iterations,
      converged: ended.converged,
    };
  } finally {
    tf.dispose([fitted, heldOut, targets]);
  }
}

/**
 * Mean cross-entropy over the images, and its gradient: weights first, then biases. Images are columns: products with
 * so few classes are several times as quick that way.
 *
 * @param targets float32 [classes, n]
 */
async function lossAndGradient(
  features: tf.Tensor2D,
  targets: tf.Tensor2D,
  point: Float64Array,
): Promise<{ loss: number; gradient: Float64Array }> {
  const [count] = features.shape;
  const gradient = new Float64Array(point.length);
  let loss = 0;
  const most = Math.max(1, Math.floor(BLOCK_LOGITS / targets.shape[0]));
  for (let begin = 0; begin < count; begin += most) {
    const parts = tf.tidy(() => {
      const rows = Math.min(most, count - begin);
      const isWhole = rows === count;
      const x = isWhole ? features : tf.slice(features, [begin, 0], [rows, -1]);
      const y = isWhole ? targets : tf.slice(targets, [0, begin], [-1, rows]);
      const logits = logitsOf(x, point);
      const shifted = tf.sub(logits, tf.max(logits, 0, true));
      const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 0, true)));
      const errors = tf.sub<tf.Tensor2D>(tf.exp(logProbabilities), y);
      return {
        gradient: tf.concat([tf.reshape(tf.matMul(errors, x), [-1]), tf.sum(errors, 1)]),
        loss: tf.neg(tf.sum(tf.mul(logProbabilities, y))),
      };
    });
    const [components, [sum]] = await Promise.all([parts.gradient.data(), parts.loss.data()]);
    tf.dispose(parts);
    components.forEach((component, index) => (gradient[index]! += component / count));
    loss += sum! / count;
  }
  return { loss, gradient };
}

/** [classes, N]; the point holds [classes, D] weights, then as many biases as classes. */
function logitsOf(x: tf.Tensor2D, point: Float64Array): tf.Tensor2D {
  const inputs = x.shape[1];
  const outputs = point.length / (inputs + 1);
  const weights = tf.tensor2d(Float32Array.from(point.subarray(0, inputs * outputs)), [outputs, inputs]);
  const bias = tf.tensor2d(Float32Array.from(point.subarray(inputs * outputs)), [outputs, 1]);
  return tf.add(tf.matMul(weights, x, false, true), bias);
}

async function accuracyOf(features: tf.Tensor2D, labels: Int32Array, point: Float64Array): Promise<number> {
  const classes = tf.tidy(() => tf.argMax(logitsOf(features, point), 0));
  const predicted = await classes.data();
  classes.dispose();
  let correct = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) correct++;
  return correct / labels.length;
}
