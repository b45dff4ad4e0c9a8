import type * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireMatrix } from './checks.js';
import { evaluatorError } from './errors.js';
import { readClasses, type ClassLabels, type Labels } from './labels.js';

/** Features with the classes of their images: what every evaluator that knows classes takes. */
export interface LabelledFeatures<Of extends Labels = ClassLabels> {
  /** float32 [n, D]; need not be normalized; stays the caller's. */
  readonly features: tf.Tensor2D;
  /** Of each of the n. */
  readonly labels: Of;
}

/** What messages call the two sets. */
export const [TRAINING, HELD_OUT] = ['training features', 'held-out features'] as const;

/**
 * Makes sure that an evaluator can learn from one set and be judged by the other.
 *
 * @returns the classes of both, int32 [n] and [N]
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`,
 *   `INVALID_LABELS`
 */
export async function requireSplits(
  what: string,
  train: LabelledFeatures,
  test: LabelledFeatures,
): Promise<readonly [Int32Array, Int32Array]> {
  requireMatrices(what, train, test);
  const labels = [
    await readClasses(what, TRAINING, train.labels, train.features.shape[0]),
    await readClasses(what, HELD_OUT, test.labels, test.features.shape[0]),
  ] as const;
  await requireFinite(what, TRAINING, train.features);
  await requireFinite(what, HELD_OUT, test.features);
  return labels;
}

/**
 * Requires that both sets have features of one width.
 *
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`
 */
export function requireMatrices(
  what: string,
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
): void {
  requireSet(what, TRAINING, train);
  requireSet(what, HELD_OUT, test, train.features.shape[1]);
}

/**
 * Requires features with their labels.
 *
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`
 */
export function requireSet(
  what: string,
  name: string,
  set: LabelledFeatures<Labels>,
  columns?: number,
): void {
  // A caller without types can pass anything, such as features and labels one after the other.
  const given: unknown = set;
  if (typeof given !== 'object' || given === null || !('features' in given && 'labels' in given)) {
    throw evaluatorError('INVALID_SHAPE', {
      message: `${what} takes its ${name} together with their labels`,
      given: typeof given === 'object' && given !== null ? Object.keys(given).join(', ') : typeof given,
      expected: '{ features, labels }',
    });
  }
  requireMatrix(what, name, set.features, columns);
}
