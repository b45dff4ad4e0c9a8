import { kmeans } from '@protocl/clustering';
import {
  clusteringScores,
  knnAccuracy,
  linearProbe,
  linearSvm,
  lowShot,
  trustworthiness,
  tsne,
  type Evaluation,
  type LabelledFeatures,
} from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import type { EvaluationConfig } from '../config/sections/run.js';
import type { HostLabels } from '../data/annotationsOf.js';
import { pipelineError } from '../errors.js';
import { defined } from '../run/defined.js';
import { eachAlone, type Outcomes } from './eachAlone.js';
import { normalizedRows } from './normalizedRows.js';

/** The names of the evaluators of features, in the order in which they run. */
export const FEATURE_EVALUATORS = ['knn', 'linear', 'svm', 'lowShot', 'clusters', 'tsne'] as const;
export type FeatureEvaluatorName = (typeof FEATURE_EVALUATORS)[number];

/** Features with their classes: one each, or several. */
export interface JudgedFeatures {
  /** float32 [n, D]. */
  readonly features: tf.Tensor2D;
  readonly labels: HostLabels;
}

export interface JudgeOptions {
  readonly evaluators: readonly FeatureEvaluatorName[];
  readonly evaluation: Pick<EvaluationConfig, 'knn' | 'linear' | 'svm' | 'lowShot'>;
  readonly seed: number;
  /** The number of clusters of each clustering; that of the classes by default. */
  readonly clusters?: readonly number[];
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What evaluators found about some features. */
export interface Judgement extends Outcomes<FeatureEvaluatorName> {
  /** float32 [N * 2], the held-out features in the plane, after t-SNE. */
  readonly embedding?: Float32Array;
}

/**
 * Runs evaluators on features; one that cannot judge them leaves the others alone.
 *
 * @param train the features to learn from, and to cluster
 * @param test the held-out features, which t-SNE embeds
 * @throws the signal's reason
 */
export async function judgeFeatures(
  train: JudgedFeatures,
  test: JudgedFeatures,
  { evaluators, evaluation, seed, clusters, log, signal }: JudgeOptions,
): Promise<Judgement> {
  const { knn, linear, svm, lowShot: shots } = evaluation;
  // Images that cannot be read leave fewer neighbours than were asked for.
  const k = Math.min(knn.k, train.features.shape[0]);
  const { l2, iterations } = linear;
  const running = { seed, ...(log && { log }), ...(signal && { signal }) };
  let embedding: Float32Array | undefined;
  const all: Record<FeatureEvaluatorName, () => Promise<Evaluation>> = {
    knn: async () => knnAccuracy(oneClassEach(train), oneClassEach(test), { ...knn, k }),
    linear: async () => linearProbe(oneClassEach(train), oneClassEach(test), { l2, iterations }),
    svm: () => linearSvm(train, test, defined(svm)),
    lowShot: () => lowShot(train, test, { ...shots, seed }),
    clusters: async () => clustersOf(oneClassEach(train), clusters, running),
    tsne: async () => {
      const plane = await planeOf(test.features, running);
      embedding = plane.embedding;
      return plane.evaluation;
    },
  };
  const chosen = FEATURE_EVALUATORS.filter((name) => evaluators.includes(name));
  const outcomes = await eachAlone(Object.fromEntries(chosen.map((name) => [name, all[name]])), running);
  return { ...outcomes, ...(embedding && { embedding }) };
}

interface Running {
  readonly seed: number;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** @throws {ProtoclError} `INVALID_OPTION` */
function oneClassEach({ features, labels }: JudgedFeatures): LabelledFeatures<Int32Array> {
  if (labels instanceof Int32Array) return { features, labels };
  throw pipelineError('INVALID_OPTION', {
    message: 'kNN, the linear probe and clusters need one class for each image',
    given: `${labels.classes} values for each image`,
    expected: 'images with one class each',
    remedy: 'Judge them by --svm or --low-shot',
  });
}

async function clustersOf(
  { features, labels }: LabelledFeatures<Int32Array>,
  granularities: readonly number[] | undefined,
  { seed, log, signal }: Running,
): Promise<Evaluation> {
  const counts = granularities ?? [new Set(labels).size];
  const scores: [string, number][] = [];
  const normalized = normalizedRows(features);
  try {
    for (const k of counts) {
      const options = { k, seed, ...(log && { log }), ...(signal && { signal }) };
      const { centroids, assignments } = await kmeans(normalized, options);
      centroids.dispose();
      for (const [name, score] of Object.entries((await clusteringScores(assignments, labels)).scores)) {
        scores.push([`${name}@${k}`, score]);
      }
    }
  } finally {
    normalized.dispose();
  }
  return { scores: Object.fromEntries(scores), settings: { k: counts, seed, normalize: true } };
}

async function planeOf(features: tf.Tensor2D, { seed, log, signal }: Running) {
  const samples = features.shape[0];
  // A perplexity has to be less than the number of points, and their neighbours at most half of it.
  const perplexity = Math.min(30, Math.max(1, Math.floor((samples - 1) / 3)));
  const { embedding, scores, settings } = await tsne(features, {
    perplexity,
    seed,
    ...(signal && { signal }),
    ...(log && {
      onProgress: ({ iteration, iterations, divergence }) =>
        log(`t-SNE: step ${iteration} of ${iterations}, divergence ${divergence.toFixed(3)}`),
    }),
  });
  const points = tf.tensor2d(embedding, [samples, 2]);
  try {
    const neighbours = Math.max(1, Math.min(5, Math.ceil(samples / 2) - 1));
    const trusted = await trustworthiness(features, points, { neighbours });
    return {
      embedding,
      evaluation: {
        scores: { ...scores, [`trustworthiness@${neighbours}`]: trusted },
        settings,
      } satisfies Evaluation,
    };
  } finally {
    points.dispose();
  }
}
