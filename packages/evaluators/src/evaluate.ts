import type * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from './errors.js';
import { knnAccuracy, type KnnOptions, type KnnResult } from './knn/knnAccuracy.js';
import type { LabelledFeatures } from './labelledFeatures.js';
import { linearProbe, type LinearProbeOptions, type LinearProbeResult } from './linear/linearProbe.js';
import { linearSweep, type LinearSweepOptions, type LinearSweepResult } from './linear/linearSweep.js';
import { lowShot, type LowShotOptions, type LowShotResult } from './lowShot/lowShot.js';
import { linearSvm, type LinearSvmOptions, type LinearSvmResult } from './svm/linearSvm.js';
import type { Labels } from './svm/targets.js';

/** What there is of the images to learn from, and of those to judge by. */
export interface Splits<T> {
  readonly train: T;
  readonly test: T;
}

/** The evaluators to run, each with its options; `{}` for its defaults. */
export interface EvaluateOptions {
  readonly knn?: KnnOptions;
  readonly linear?: LinearProbeOptions;
  readonly linearSweep?: LinearSweepOptions;
  readonly svm?: LinearSvmOptions;
  readonly lowShot?: LowShotOptions;
}

/** What each of them found: named scores, the settings that produced them, and details of its own. */
export interface Evaluations {
  readonly knn?: KnnResult;
  readonly linear?: LinearProbeResult;
  readonly linearSweep?: LinearSweepResult;
  readonly svm?: LinearSvmResult;
  readonly lowShot?: LowShotResult;
}

/**
 * Judges features by how well they tell the classes of held-out images.
 *
 * @param features float32 [n, D] and [N, D], finite; stay the caller's
 * @param labels a class for each image; the SVM and low-shot classification also take several
 * @returns figures and arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `INVALID_LABELS` if an image has several classes where it should have one;
 *   what the evaluators throw
 */
export async function evaluate(
  features: Splits<tf.Tensor2D>,
  labels: Splits<Labels>,
  options: EvaluateOptions,
): Promise<Evaluations> {
  const train = { features: features.train, labels: labels.train };
  const test = { features: features.test, labels: labels.test };
  const { knn, linear, linearSweep: sweep, svm, lowShot: shots } = options;
  return {
    ...(knn && { knn: await knnAccuracy(oneClass('kNN', train), oneClass('kNN', test), knn) }),
    ...(linear && {
      linear: await linearProbe(
        oneClass('the linear probe', train),
        oneClass('the linear probe', test),
        linear,
      ),
    }),
    ...(sweep && {
      linearSweep: await linearSweep(
        oneClass('the linear sweep', train),
        oneClass('the linear sweep', test),
        sweep,
      ),
    }),
    ...(svm && { svm: await linearSvm(train, test, svm) }),
    ...(shots && { lowShot: await lowShot(train, test, shots) }),
  };
}

function oneClass(
  what: string,
  { features, labels }: { readonly features: tf.Tensor2D; readonly labels: Labels },
): LabelledFeatures {
  if (labels instanceof Int32Array) return { features, labels };
  throw evaluatorError('INVALID_LABELS', {
    message: `${what} needs one class for each image`,
    given: `${labels.classes} values for each`,
    expected: 'an Int32Array with one label for each image',
    remedy: 'Use the linear SVM or low-shot classification for images that show several classes',
  });
}
