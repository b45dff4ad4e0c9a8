import { useBackend } from '@protocl/backend';
import { requireKnownOptions, type OptionNames, type SerializedError } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import type { Evaluation } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { featureSettings } from '../config/featureSettings.js';
import type { Config } from '../config/schema.js';
import type { EvaluationConfig } from '../config/sections/run.js';
import { annotationsOf } from '../data/annotationsOf.js';
import { loadData, type GivenImages } from '../data/loadData.js';
import type { LabelledImages, RunData } from '../data/runData.js';
import { pipelineError } from '../errors.js';
import { encodeFeatures } from '../evaluation/encodeFeatures.js';
import { ENCODER_EVALUATORS, judgeEncoder } from '../evaluation/judgeEncoder.js';
import { FEATURE_EVALUATORS, judgeFeatures, type JudgedFeatures } from '../evaluation/judgeFeatures.js';
import {
  OPEN_CHECKPOINT_OPTIONS,
  openCheckpoint,
  type OpenedCheckpoint,
  type OpenCheckpointOptions,
} from '../run/openCheckpoint.js';
import { defined } from '../run/defined.js';
import { isFeatureFile } from './featureFile.js';
import { holdOut, readLabelledFeatures, type LabelledHostFeatures } from './labelledFeatures.js';

/** The names of all evaluators, in the order in which they run. */
export const EVALUATORS = [...FEATURE_EVALUATORS, ...ENCODER_EVALUATORS] as const;
export type EvaluatorName = (typeof EVALUATORS)[number];

export interface EvaluateOptions extends OpenCheckpointOptions {
  /** kNN and the linear probe by default; the SVM where images show several classes. */
  readonly evaluators?: readonly EvaluatorName[];
  /** The number of clusters of each clustering; that of the classes by default. */
  readonly clusters?: readonly number[];
  /** The shares of the labels for semi-supervised learning; by default those of the configuration. */
  readonly shares?: readonly number[];
  /** Images in memory, in place of those that the configuration names. */
  readonly images?: GivenImages;
  readonly signal?: AbortSignal;
  /** With a file of features, the file of their classes; by default those in it or beside it. */
  readonly labels?: string;
  /** With a file of features, the file of the held-out ones; by default every fifth is set aside. */
  readonly test?: string;
  /** The file of the held-out features' classes; by default those in it or beside it. */
  readonly testLabels?: string;
  /** The engine for features from a file; a checkpoint names its own. `auto` by default. */
  readonly backend?: Parameters<typeof useBackend>[0];
}

const OPTIONS: OptionNames<EvaluateOptions> = {
  ...OPEN_CHECKPOINT_OPTIONS,
  evaluators: true,
  clusters: true,
  shares: true,
  images: true,
  signal: true,
  labels: true,
  test: true,
  testLabels: true,
  backend: true,
};

/** What features are worth. */
export interface FeatureScores {
  readonly evaluations: Readonly<Partial<Record<EvaluatorName, Evaluation>>>;
  /** Of evaluators that could not judge them, the errors as plain data; undefined where all could. */
  readonly failures?: Readonly<Partial<Record<EvaluatorName, SerializedError>>>;
  /** float32 [N * 2], the held-out features in the plane, after t-SNE. */
  readonly embedding?: Float32Array;
  /** Accuracy of weighted k nearest neighbours, 0 .. 1. */
  readonly knn?: number;
  /** Accuracy of logistic regression, 0 .. 1. */
  readonly linear?: number;
  /** Absolute; undefined for features from a file. */
  readonly checkpoint?: string;
  /** Epochs that had been trained. */
  readonly epoch?: number;
}

/**
 * Judges features by the classes of held-out images. An evaluator that cannot judge them leaves the others alone, and
 * is among the `failures` of the result.
 *
 * @param path a checkpoint; the folder of a run, whose newest checkpoint it then is; or a file of
 *   features (`.npy`, or safetensors with a tensor `features`)
 * @throws {ProtoclError} `DATA_MISMATCH` without held-out images and their classes, `INVALID_OPTION` for
 *   files of classes with a checkpoint, `INVALID_FEATURES`
 *   for features without classes; what `openCheckpoint` and the data throw
 */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<FeatureScores> {
  requireKnownOptions('evaluate', options, OPTIONS);
  const isFile = await isFeatureFile(path);
  const given = Object.entries({
    labels: options.labels,
    test: options.test,
    testLabels: options.testLabels,
  });
  const stray = given.find(([, value]) => value !== undefined);
  if (!isFile && stray) {
    throw pipelineError('INVALID_OPTION', {
      message: 'a checkpoint’s images bring their own classes',
      given: `${stray[0]} ${stray[1]}`,
      expected: 'a file of features',
      remedy: 'Write one by `protocl embed`, or name other images by --set data.test=FOLDER',
    });
  }
  const trained = ENCODER_EVALUATORS.find((name) => options.evaluators?.includes(name));
  if (isFile && trained) {
    throw pipelineError('INVALID_OPTION', {
      message: `${trained} looks at images through an encoder, again and again`,
      given: `features in ${path}`,
      expected: 'a checkpoint, or the folder of a run',
      remedy: 'Leave it out, or name the checkpoint that the features come from',
    });
  }
  return isFile ? evaluateFile(path, options) : evaluateCheckpoint(path, options);
}

async function evaluateCheckpoint(path: string, options: EvaluateOptions): Promise<FeatureScores> {
  const { images, signal, log, changes } = options;
  const opened = await openCheckpoint(path, { ...(log && { log }), ...(changes && { changes }) });
  const { encoder, config, checkpoint, epoch } = opened;
  try {
    const data = await loadData(config, {
      ...(log && { log }),
      ...(images && { images }),
      ...(signal && { signal }),
    });
    try {
      const { train, test } = data;
      if (test === undefined || !isLabelled(train) || !isLabelled(test)) {
        throw pipelineError('DATA_MISMATCH', {
          message: 'there is nothing to judge the encoder by',
          given: 'test' in config.data ? `data.test ${config.data.test ?? 'not set'}` : config.data.kind,
          expected: 'held-out images with classes',
          remedy: 'Name their folder: --set data.test=FOLDER',
        });
      }
      return { ...(await judgeBoth(opened, { ...data, test }, options)), checkpoint, epoch };
    } finally {
      await data.close();
    }
  } finally {
    encoder.dispose();
  }
}

/** By features first, which is quick. */
async function judgeBoth(
  opened: OpenedCheckpoint,
  data: RunData & { readonly test: LabelledImages },
  options: EvaluateOptions,
): Promise<FeatureScores> {
  const { encoder, config } = opened;
  const { evaluators, shares, log, signal } = options;
  const named = ENCODER_EVALUATORS.filter((name) => evaluators?.includes(name));
  const isOfFeatures = evaluators === undefined || evaluators.length > named.length;
  const scores: FeatureScores = isOfFeatures
    ? await judgeEncoded(encoder, data, config, options)
    : { evaluations: {} };
  const trained = await judgeEncoder(opened, data, {
    evaluators: named,
    ...(shares && { shares }),
    ...(log && { log }),
    ...(signal && { signal }),
  });
  return {
    ...scores,
    evaluations: { ...scores.evaluations, ...trained.evaluations },
    ...failing({ ...scores.failures, ...trained.failures }),
  };
}

function failing(failures: NonNullable<FeatureScores['failures']>): Pick<FeatureScores, 'failures'> {
  return Object.keys(failures).length > 0 ? { failures } : {};
}

async function judgeEncoded(
  encoder: Encoder,
  { train, test }: RunData & { readonly test: LabelledImages },
  { evaluation, seed }: Config,
  options: EvaluateOptions,
): Promise<FeatureScores> {
  const known = await encoded(encoder, train, evaluation);
  try {
    const heldOut = await encoded(encoder, test, evaluation);
    try {
      return await judge(known, heldOut, evaluation, seed, options);
    } finally {
      heldOut.features.dispose();
    }
  } finally {
    known.features.dispose();
  }
}

async function evaluateFile(path: string, options: EvaluateOptions): Promise<FeatureScores> {
  const all = await readLabelledFeatures(path, options.labels);
  const sides =
    options.test === undefined
      ? holdOut(all, 0)
      : { train: all, test: await readLabelledFeatures(options.test, options.testLabels) };
  const { evaluation, engine, seed } = featureSettings(options.changes ?? [], sides.train.shape[0]);
  const { backend, ...settings } = engine;
  await useBackend(options.backend ?? backend, {
    ...defined(settings),
    log: options.log ?? (() => undefined),
  });
  const [train, test] = [onEngine(sides.train), onEngine(sides.test)];
  try {
    return await judge(train, test, evaluation, seed, options);
  } finally {
    tf.dispose([train.features, test.features]);
  }
}

async function judge(
  train: JudgedFeatures,
  test: JudgedFeatures,
  evaluation: EvaluationConfig,
  seed: number,
  options: EvaluateOptions,
): Promise<FeatureScores> {
  const usual: readonly EvaluatorName[] = train.labels instanceof Int32Array ? ['knn', 'linear'] : ['svm'];
  const { evaluators = usual, clusters, log, signal } = options;
  const { failures, ...judgement } = await judgeFeatures(train, test, {
    evaluators: FEATURE_EVALUATORS.filter((name) => evaluators.includes(name)),
    evaluation,
    seed,
    ...(clusters && { clusters }),
    ...(log && { log }),
    ...(signal && { signal }),
  });
  const { knn: neighbours, linear } = judgement.evaluations;
  return {
    ...(neighbours && { knn: Object.values(neighbours.scores)[0]! }),
    ...(linear && { linear: linear.scores['accuracy']! }),
    ...judgement,
    ...failing(failures),
  };
}

async function encoded(
  encoder: Encoder,
  images: LabelledImages,
  { features: kind }: EvaluationConfig,
): Promise<JudgedFeatures> {
  const { features, indices } = await encodeFeatures(encoder, images, kind);
  // The caller has seen that there are classes of either kind.
  return { features, labels: annotationsOf(images, indices)! };
}

function isLabelled({ labels, annotations }: LabelledImages): boolean {
  return labels !== undefined || annotations !== undefined;
}

function onEngine({ features, shape, labels }: LabelledHostFeatures): JudgedFeatures {
  return { features: tf.tensor2d(features, [...shape]), labels };
}
