import * as tf from '@tensorflow/tfjs-core';

import { requireLabels } from './checks.js';
import { evaluatorError } from './errors.js';

/**
 * A class for each sample: whole numbers of 0 .. 2³¹-1, in an array, a typed array or a tensor [n] of any numeric dtype,
 * which stays the caller's. Labels are names: any numbers will do.
 */
export type ClassLabels = ArrayLike<number> | tf.Tensor1D;

/** Which classes each image shows, where it may show several, as the lists of Pascal VOC have it. */
export interface MultiLabels {
  readonly classes: number;
  /**
   * [n · classes], row by row, or a tensor [n, classes]: 1 shows it, -1 does not, 0 shows it in a way that is hard to
   * recognize.
   */
  readonly values: ArrayLike<number> | tf.Tensor2D;
}

/** A class for each image, or several. */
export type Labels = ClassLabels | MultiLabels;

/** {@link MultiLabels} on the host. */
export interface HostMultiLabels {
  readonly classes: number;
  /** [n · classes], row by row. */
  readonly values: ArrayLike<number>;
}

/** {@link Labels} on the host: a class for each image, int32 [n], or several. */
export type HostLabels = Int32Array | HostMultiLabels;

/**
 * Reads a class for each sample.
 *
 * @param samples how many there have to be; as many as there are by default
 * @param classes labels have to be below; any that int32 holds by default
 * @returns int32 [n]: the array that was given, if it is such a one
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS`
 */
export async function readClasses(
  what: string,
  name: string,
  labels: Labels,
  samples?: number,
  classes?: number,
): Promise<Int32Array> {
  requireOneClass(what, labels);
  if (labels instanceof tf.Tensor) requireColumn(what, name, labels);
  const values = await valuesOf(what, name, labels);
  requireLabels(what, name, values, samples ?? values.length, classes);
  return values instanceof Int32Array ? values : Int32Array.from(values);
}

/**
 * Reads a class for each sample, or several.
 *
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS`
 */
export async function readLabels(
  what: string,
  name: string,
  labels: Labels,
  samples: number,
): Promise<HostLabels> {
  if (!isMulti(labels)) return readClasses(what, name, labels, samples);
  const values = await valuesOf(what, name, labels.values);
  return { classes: labels.classes, values };
}

/**
 * The numbers of an array or a tensor, on the host.
 *
 * @throws {EvaluatorError} `INVALID_LABELS` for anything else
 */
export async function valuesOf(
  what: string,
  name: string,
  list: ArrayLike<number> | tf.Tensor,
): Promise<ArrayLike<number>> {
  if (list instanceof tf.Tensor) return list.data();
  // A caller without types can pass anything.
  const given = list as ArrayLike<number> | null | undefined;
  if (typeof given === 'object' && typeof given?.length === 'number') return given;
  throw evaluatorError('INVALID_LABELS', {
    message: `${what} cannot read the labels of its ${name}`,
    given: given === undefined ? 'nothing' : given,
    expected: 'an array, a typed array or a tensor with one label for each',
  });
}

/** @throws {EvaluatorError} `INVALID_LABELS` if images may show several classes */
export function requireOneClass(what: string, labels: Labels): asserts labels is ClassLabels {
  if (!isMulti(labels)) return;
  throw evaluatorError('INVALID_LABELS', {
    message: `${what} needs one class for each image`,
    given: `${labels.classes} values for each`,
    expected: 'an array or a tensor with one label for each image',
    remedy: 'Use the linear SVM or low-shot classification for images that show several classes',
  });
}

function isMulti(labels: Labels): labels is MultiLabels {
  // A caller without types can pass anything.
  const given: unknown = labels;
  return typeof given === 'object' && given !== null && 'classes' in given && 'values' in given;
}

function requireColumn(what: string, name: string, { shape }: tf.Tensor): void {
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return;
  throw evaluatorError('INVALID_SHAPE', {
    message: `${what} needs a tensor of one label for each of its ${name}`,
    given: `[${shape.join(', ')}]`,
    expected: '[n]',
    remedy: 'Of one-hot rows take tf.argMax(labels, 1)',
  });
}
