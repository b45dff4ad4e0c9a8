import type * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireLabels, requireMatrix } from './checks.js';

/** Features with the classes of their images. */
export interface LabelledFeatures {
  /** float32 [n, D]; need not be normalized. */
  readonly features: tf.Tensor2D;
  /** int32 [n], from 0. */
  readonly labels: Int32Array;
}

/**
 * Makes sure that an evaluator can learn from one set and be judged by the other.
 *
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`,
 *   `INVALID_LABELS`
 */
export async function requireSplits(
  what: string,
  train: LabelledFeatures,
  test: LabelledFeatures,
): Promise<void> {
  for (const [name, { features, labels }] of [
    ['training features', train],
    ['held-out features', test],
  ] as const) {
    requireMatrix(what, name, features, name.startsWith('held') ? train.features.shape[1] : undefined);
    requireLabels(what, name, labels, features.shape[0]);
    await requireFinite(what, name, features);
  }
}
