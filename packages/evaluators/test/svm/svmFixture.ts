import { readFile } from 'node:fs/promises';

import type { ClassWeight } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

interface Part {
  readonly features: readonly number[];
  readonly labels: readonly number[];
}

/** What scikit-learn gives; tools/parity/svm.py. */
export const svmFixture = JSON.parse(
  await readFile(new URL('../fixtures/svm.json', import.meta.url), 'utf8'),
) as {
  readonly dimension: number;
  readonly classes: number;
  readonly train: Part;
  readonly test: Part;
  readonly fits: readonly {
    readonly cost: number;
    readonly weight: ClassWeight;
    /** For each class. */
    readonly objectives: readonly number[];
    /** For each class the decision function of the held-out samples. */
    readonly scores: readonly (readonly number[])[];
    readonly averagePrecisions: readonly number[];
  }[];
  readonly crossValidation: {
    readonly costs: readonly number[];
    readonly choices: readonly { readonly means: readonly number[]; readonly cost: number }[];
  };
  readonly folds: readonly number[];
  readonly ranking: {
    readonly scores: readonly number[];
    readonly targets: readonly number[];
    readonly averagePrecision: number;
  };
};

/** One of the sets of the fixture; its features are the caller's to dispose. */
export function samplesOf({ features, labels }: Part) {
  return {
    features: tf.tensor2d([...features], [labels.length, svmFixture.dimension]),
    labels: Int32Array.from(labels),
  };
}
