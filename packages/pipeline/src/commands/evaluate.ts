import { useBackend } from '@protocl/backend';
import type { Encoder } from '@protocl/encoders';
import type { Labels } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { evaluationSchema, type EvaluationConfig } from '../config/sections/run.js';
import { loadData, type GivenImages } from '../data/loadData.js';
import type { ImageAnnotations, LabelledImages } from '../data/runData.js';
import { pipelineError } from '../errors.js';
import { encodeFeatures } from '../evaluation/encodeFeatures.js';
import {
  judgeFeatures,
  type EvaluatorName,
  type JudgedFeatures,
  type Judgement,
} from '../evaluation/judgeFeatures.js';
import { openEncoder, type OpenEncoderOptions } from '../run/openEncoder.js';
import { isFeatureFile } from './featureFile.js';
import { holdOut, readLabelledFeatures, type LabelledHostFeatures } from './labelledFeatures.js';

export interface EvaluateOptions extends OpenEncoderOptions {
  /** kNN and the linear probe by default; the SVM where images show several classes. */
  readonly evaluators?: readonly EvaluatorName[];
  /** The number of clusters of each clustering; that of the classes by default. */
  readonly clusters?: readonly number[];
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

/** What features are worth. */
export interface FeatureScores extends Judgement {
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
 * Judges features by the classes of held-out images.
 *
 * @param path a checkpoint; the folder of a run, whose newest checkpoint it then is; or a file of
 *   features (`.npy`, or safetensors with a tensor `features`)
 * @throws {ProtoclError} `DATA_MISMATCH` without held-out images and their classes, `INVALID_OPTION` for
 *   files of classes with a checkpoint, `INVALID_FEATURES`
 *   for features without classes; what `openEncoder`, the data and the evaluators throw
 */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<FeatureScores> {
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
      remedy: 'Write one by protocl embed, or name other images by --set data.test=FOLDER',
    });
  }
  return isFile ? evaluateFile(path, options) : evaluateCheckpoint(path, options);
}

async function evaluateCheckpoint(path: string, options: EvaluateOptions): Promise<FeatureScores> {
  const { images, signal, log, changes } = options;
  const opened = await openEncoder(path, { ...(log && { log }), ...(changes && { changes }) });
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
      const known = await encoded(encoder, train, config.evaluation);
      try {
        const heldOut = await encoded(encoder, test, config.evaluation);
        try {
          return {
            ...(await judge(known, heldOut, config.evaluation, config.seed, options)),
            checkpoint,
            epoch,
          };
        } finally {
          heldOut.features.dispose();
        }
      } finally {
        known.features.dispose();
      }
    } finally {
      await data.close();
    }
  } finally {
    encoder.dispose();
  }
}

async function evaluateFile(path: string, options: EvaluateOptions): Promise<FeatureScores> {
  const all = await readLabelledFeatures(path, options.labels);
  const sides =
    options.test === undefined
      ? holdOut(all, 0)
      : { train: all, test: await readLabelledFeatures(options.test, options.testLabels) };
  await useBackend(options.backend ?? 'auto', { log: options.log ?? (() => undefined) });
  const [train, test] = [onEngine(sides.train), onEngine(sides.test)];
  try {
    return await judge(train, test, evaluationSchema.parse({}), 0, options);
  } finally {
    tf.dispose([train.features, test.features]);
  }
}

async function judge(
  train: JudgedFeatures,
  test: JudgedFeatures,
  { knn, linear: { l2, iterations } }: EvaluationConfig,
  seed: number,
  options: EvaluateOptions,
): Promise<FeatureScores> {
  const usual: readonly EvaluatorName[] = train.labels instanceof Int32Array ? ['knn', 'linear'] : ['svm'];
  const { evaluators = usual, clusters, log, signal } = options;
  const judgement = await judgeFeatures(train, test, {
    evaluators,
    knn,
    linear: { l2, iterations },
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
  };
}

async function encoded(
  encoder: Encoder,
  images: LabelledImages,
  { features: kind }: EvaluationConfig,
): Promise<JudgedFeatures> {
  const { features, indices, labels } = await encodeFeatures(encoder, images, kind);
  // The caller has seen that there are classes of either kind.
  return { features, labels: labels ?? rowsOf(images.annotations!, indices) };
}

function isLabelled({ labels, annotations }: LabelledImages): boolean {
  return labels !== undefined || annotations !== undefined;
}

/** What the images that could be read show. */
function rowsOf({ values, classNames }: ImageAnnotations, indices: Int32Array): Labels {
  const classes = classNames.length;
  const rows = new Int8Array(indices.length * classes);
  indices.forEach((index, row) => {
    rows.set(values.subarray(index * classes, (index + 1) * classes), row * classes);
  });
  return { classes, values: rows };
}

function onEngine({ features, shape, labels }: LabelledHostFeatures): JudgedFeatures {
  return { features: tf.tensor2d(features, [...shape]), labels };
}
