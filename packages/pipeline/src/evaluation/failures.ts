import type { SerializedError } from '@protocl/core';

import type { EncoderEvaluatorName } from './judgeEncoder.js';
import type { FeatureEvaluatorName } from './judgeFeatures.js';

type EvaluatorName = FeatureEvaluatorName | EncoderEvaluatorName;

/** What tables call the evaluators. */
export const EVALUATOR_TITLES: Readonly<Record<EvaluatorName, string>> = {
  knn: 'kNN',
  linear: 'linear',
  svm: 'SVM',
  lowShot: 'low-shot',
  clusters: 'clusters',
  tsne: 't-SNE',
  linearProtocol: 'linear protocol',
  semiSupervised: 'semi-supervised',
};

/** How an evaluator can do with fewer samples. */
const FEWER_SAMPLES: Readonly<Partial<Record<EvaluatorName, string>>> = {
  svm: 'Flags: --cost 0.1 or --folds 2; settings: evaluation.svm',
  lowShot: 'Flag: --shots 1,2; setting: evaluation.lowShot.shots',
  semiSupervised: 'Flag: --semi-supervised 10,50; setting: evaluation.semiSupervised.shares',
};

/** Why an evaluator has no scores, and the flags and settings that may help. */
export function failureReason(name: EvaluatorName, { code, message }: SerializedError): string {
  const remedy = code === 'TOO_FEW_SAMPLES' ? FEWER_SAMPLES[name] : undefined;
  return remedy === undefined ? message : `${message} ${remedy}.`;
}
