import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';

/**
 * Makes sure that features can be compared: a label for each, the same length, finite values.
 *
 * @throws {ProtoclError} `INVALID_SHAPE`, `INVALID_FEATURES`
 */
export function requireFeatures(
  name: string,
  features: tf.Tensor2D,
  labels: Int32Array | undefined,
  dimension?: number,
): void {
  const [rows, columns] = features.shape;
  if (labels !== undefined && labels.length !== rows) {
    throw pipelineError('INVALID_SHAPE', {
      message: `the ${name} features and labels are not equally many`,
      given: `${rows} features, ${labels.length} labels`,
      expected: 'a label for each feature',
    });
  }
  if (dimension !== undefined && columns !== dimension) {
    throw pipelineError('INVALID_SHAPE', {
      message: `the ${name} features have another length than those they are compared with`,
      given: columns,
      expected: String(dimension),
    });
  }
  if (rows === 0 || columns === 0) {
    throw pipelineError('INVALID_FEATURES', {
      message: `there are no ${name} features`,
      given: `[${rows}, ${columns}]`,
      expected: 'at least one, of at least one value',
    });
  }
  // A sum is finite only if all of its terms are, and is one number to read.
  const total = tf.tidy(() => tf.sum(tf.mul(features, 0)).dataSync()[0]!);
  if (total === 0) return;
  throw pipelineError('INVALID_FEATURES', {
    message: `the ${name} features are not all finite`,
    expected: 'no NaN and no infinity',
    remedy: 'The encoder has diverged: use a checkpoint from before that, or a lower learning rate',
  });
}

/** The number of classes that labels of 0, 1, ... mean. */
export function classCount(...labels: Int32Array[]): number {
  return (
    labels.reduce((most, list) => list.reduce((highest, label) => Math.max(highest, label), most), -1) + 1
  );
}
