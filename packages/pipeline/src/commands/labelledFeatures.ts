import { randomStream } from '@protocl/core';

import type { HostLabels } from '../data/annotationsOf.js';
import { pipelineError } from '../errors.js';
import { readFeatures } from './featureFile.js';

/** Features on the host with their classes. */
export interface LabelledHostFeatures {
  /** float32 [n, D]. */
  readonly features: Float32Array;
  /** [n, D]. */
  readonly shape: readonly [number, number];
  /** A class for each, or several. */
  readonly labels: HostLabels;
}

/**
 * Reads features from a file, and their classes: those in it or beside it, or those of another file.
 *
 * @param labelFile a `.npy`, [n] or [n, 1], or [n, classes] with 1, 0 and -1 as Pascal VOC has them
 * @throws {ProtoclError} `INVALID_FEATURES` if features or classes are missing, or not equally many
 */
export async function readLabelledFeatures(
  path: string,
  labelFile: string | undefined,
): Promise<LabelledHostFeatures> {
  const { features, shape, labels } = await readFeatures(path, labelFile);
  if (labels !== undefined) return { features, shape, labels };
  throw pipelineError('INVALID_FEATURES', {
    message: 'these features have no classes',
    given: path,
    expected: 'a tensor labels in the file, or a file NAME.labels.npy beside it',
    remedy: 'Name the file of the classes: --labels FILE.npy',
  });
}

/** Sets every fifth feature, drawn at random, aside to judge by. */
export function holdOut(
  all: LabelledHostFeatures,
  seed: number,
): { readonly train: LabelledHostFeatures; readonly test: LabelledHostFeatures } {
  const [n] = all.shape;
  const order = randomStream({ seed, purpose: 'held-out features' }).permutation(n);
  const held = Math.max(1, Math.round(n / 5));
  return {
    train: rowsOf(all, order.subarray(held).sort()),
    test: rowsOf(all, order.subarray(0, held).sort()),
  };
}

function rowsOf({ features, shape, labels }: LabelledHostFeatures, rows: Int32Array): LabelledHostFeatures {
  const size = shape[1];
  const chosen = new Float32Array(rows.length * size);
  rows.forEach((row, i) => chosen.set(features.subarray(row * size, (row + 1) * size), i * size));
  return { features: chosen, shape: [rows.length, size], labels: labelsOfRows(labels, rows) };
}

function labelsOfRows(labels: HostLabels, rows: Int32Array): HostLabels {
  if (labels instanceof Int32Array) return rows.map((row) => labels[row]!);
  const { classes, values } = labels;
  return {
    classes,
    values: Int32Array.from(
      { length: rows.length * classes },
      (_, i) => values[rows[Math.floor(i / classes)]! * classes + (i % classes)]!,
    ),
  };
}
