import type { Encoder } from '@protocl/encoders';
import { knnAccuracy, linearProbe, type LabelledFeatures } from '@protocl/evaluators';

import type { EvaluationConfig } from '../config/sections/run.js';
import type { LabelledImages } from '../data/runData.js';
import { eachAlone } from './eachAlone.js';
import { encodeFeatures, type EncodedImages } from './encodeFeatures.js';

export interface EvaluateEncoderOptions {
  /** The images that vote, and that the linear probe is fitted to. */
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  readonly config: EvaluationConfig;
  /** Whether to fit the linear probe too. */
  readonly linear: boolean;
  /** Told why one of them has no score, in a line. */
  readonly onFailure: (line: string) => void;
}

/** What an encoder's features are worth; NaN where that could not be judged. */
export interface EncoderScores {
  /** Accuracy of weighted k nearest neighbours, 0 .. 1. */
  readonly knn: number;
  /** Accuracy of logistic regression, 0 .. 1. */
  readonly linear?: number;
}

/**
 * Judges an encoder, which stays as it is, by how well its features tell the classes of held-out
 * images. What cannot be judged, such as a single class, ends no training: it is told, and has no score.
 */
export async function evaluateEncoder(
  encoder: Encoder,
  { train, test, config, linear, onFailure }: EvaluateEncoderOptions,
): Promise<EncoderScores> {
  const known = await encodeFeatures(encoder, train, config.features);
  try {
    const heldOut = await encodeFeatures(encoder, test, config.features);
    try {
      const sides = [withLabels(known), withLabels(heldOut)] as const;
      // Images that cannot be read leave fewer neighbours than were asked for.
      const k = Math.min(config.knn.k, known.indices.length);
      const { l2, iterations } = config.linear;
      const { evaluations, failures } = await eachAlone<'knn' | 'linear'>(
        {
          knn: () => knnAccuracy(...sides, { k, temperature: config.knn.temperature }),
          linear: linear ? () => linearProbe(...sides, { l2, iterations }) : undefined,
        },
        { log: onFailure },
      );
      for (const [name, { message }] of Object.entries(failures))
        onFailure(`no ${name} accuracy: ${message}`);
      const knn = evaluations.knn?.scores[`accuracy@${k}`] ?? NaN;
      return linear ? { knn, linear: evaluations.linear?.scores['accuracy'] ?? NaN } : { knn };
    } finally {
      heldOut.features.dispose();
    }
  } finally {
    known.features.dispose();
  }
}

function withLabels({ features, labels }: EncodedImages): LabelledFeatures {
  if (labels === undefined) throw new TypeError('the images to evaluate on have no classes');
  return { features, labels };
}
