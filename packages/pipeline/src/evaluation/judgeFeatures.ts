import { kmeans } from '@protocl/clustering';
import {
  clusteringScores,
  evaluate,
  trustworthiness,
  tsne,
  type Evaluation,
  type KnnOptions,
  type LinearProbeOptions,
} from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import type { HostLabels } from '../data/annotationsOf.js';
import { pipelineError } from '../errors.js';
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
  readonly knn: KnnOptions & { readonly k: number };
  readonly linear: LinearProbeOptions;
  readonly seed: number;
  /** The number of clusters of each clustering; that of the classes by default. */
  readonly clusters?: readonly number[];
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What evaluators found about some features. */
export interface Judgement {
  readonly evaluations: Readonly<Partial<Record<FeatureEvaluatorName, Evaluation>>>;
  /** float32 [N * 2], the held-out features in the plane, after t-SNE. */
  readonly embedding?: Float32Array;
}

/**
 * Runs evaluators on features.
 *
 * @param train the features to learn from, and to cluster
 * @param test the held-out features, which t-SNE embeds
 * @throws {ProtoclError} what the evaluators throw; `INVALID_OPTION` for clusters of images with
 *   several classes
 */
export async function judgeFeatures(
  train: JudgedFeatures,
  test: JudgedFeatures,
  { evaluators, knn, linear, seed, clusters, log, signal }: JudgeOptions,
): Promise<Judgement> {
  const isOn = (name: FeatureEvaluatorName) => evaluators.includes(name);
  // Images that cannot be read leave fewer neighbours than were asked for.
  const k = Math.min(knn.k, train.features.shape[0]);
  const found = await evaluate(train, test, {
    ...(isOn('knn') && { knn: { ...knn, k } }),
    ...(isOn('linear') && { linear }),
    ...(isOn('svm') && { svm: {} }),
    ...(isOn('lowShot') && { lowShot: { seed } }),
  });
  const plain = Object.entries(found).flatMap(([name, one]: [string, Evaluation | undefined]) =>
    one ? [[name, { scores: one.scores, settings: one.settings }]] : [],
  );
  const running = { seed, ...(log && { log }), ...(signal && { signal }) };
  const plane = isOn('tsne') ? await planeOf(test.features, running) : undefined;
  return {
    evaluations: {
      ...(Object.fromEntries(plain) as Judgement['evaluations']),
      ...(isOn('clusters') && { clusters: await clustersOf(train, clusters, running) }),
      ...(plane && { tsne: plane.evaluation }),
    },
    ...(plane && { embedding: plane.embedding }),
  };
}

interface Running {
  readonly seed: number;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

async function clustersOf(
  { features, labels }: JudgedFeatures,
  granularities: readonly number[] | undefined,
  { seed, log, signal }: Running,
): Promise<Evaluation> {
  if (!(labels instanceof Int32Array)) {
    throw pipelineError('INVALID_OPTION', {
      message: 'clusters cannot be compared with several classes of an image',
      given: `${labels.classes} values for each image`,
      expected: 'one class for each image',
    });
  }
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
