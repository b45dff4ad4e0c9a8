import * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from './errors.js';

/** Requires a whole number of `least` .. `most`. */
export function requireInteger(
  what: string,
  name: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw evaluatorError('INVALID_OPTION', {
    message: `${what} cannot use this ${name}`,
    given: value,
    expected:
      most === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${least}`
        : `a whole number of ${least} .. ${most}`,
  });
}

/** Requires a finite number above 0, or from 0 where `zero` is allowed. */
export function requirePositive(what: string, name: string, value: number, { zero = false } = {}): void {
  if (Number.isFinite(value) && (zero ? value >= 0 : value > 0)) return;
  throw evaluatorError('INVALID_OPTION', {
    message: `${what} cannot use this ${name}`,
    given: value,
    expected: zero ? 'a number from 0' : 'a number above 0',
  });
}

/** Requires one of some words. */
export function requireOneOf(what: string, name: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  throw evaluatorError('INVALID_OPTION', {
    message: `${what} cannot use this ${name}`,
    given: value,
    expected: `one of ${words.join(', ')}`,
  });
}

/** Requires a float32 matrix that is not empty, and as wide as `columns` where that is given. */
export function requireMatrix(what: string, name: string, tensor: tf.Tensor, columns?: number): void {
  if (!(tensor instanceof tf.Tensor)) {
    throw evaluatorError('INVALID_DTYPE', {
      message: `${what} cannot compute with ${name} that are no tensor`,
      given: typeof tensor,
      expected: 'a tensor, float32',
      remedy: 'Make one of them: tf.tensor2d(values, [n, D])',
    });
  }
  if (tensor.dtype !== 'float32') {
    throw evaluatorError('INVALID_DTYPE', {
      message: `${what} computes in float32, and ${name} are of another dtype`,
      given: tensor.dtype,
      expected: 'float32',
      remedy: 'Cast them first: tf.cast(tensor, "float32")',
    });
  }
  const fits = tensor.rank === 2 && tensor.shape[1] !== 0;
  if (!fits || (columns !== undefined && tensor.shape[1] !== columns)) {
    throw evaluatorError('INVALID_SHAPE', {
      message: `${what} cannot use ${name} of this shape`,
      given: `[${tensor.shape.join(', ')}]`,
      expected: `[n, ${columns ?? 'D'}], with a row for each sample`,
    });
  }
  if (tensor.shape[0] === 0) throw emptySplit(what, name);
}

/** The error for a set without a sample. */
export function emptySplit(what: string, name: string): Error {
  return evaluatorError('EMPTY_SPLIT', {
    message: `${what} has no ${name}`,
    given: '0 samples',
    expected: 'at least one',
  });
}

/** Requires that a matrix has neither NaN nor Inf, and names the first row that has. */
export async function requireFinite(what: string, name: string, tensor: tf.Tensor2D): Promise<void> {
  // Zero times anything finite is zero, so this sum cannot overflow, and it is one number to read.
  const total = tf.tidy(() => tf.sum(tf.mul(tensor, 0)));
  const isFinite = (await total.data())[0] === 0;
  total.dispose();
  if (isFinite) return;
  const values = await tensor.data();
  throw nonFinite(
    what,
    name,
    values.findIndex((value) => !Number.isFinite(value)),
    values,
    tensor.shape[1],
  );
}

/** The error for a value that is not finite, at a place of a matrix with so many columns. */
export function nonFinite(
  what: string,
  name: string,
  at: number,
  values: ArrayLike<number>,
  columns: number,
): Error {
  return evaluatorError('NON_FINITE_FEATURES', {
    message: `${what} needs finite ${name}, and row ${Math.floor(at / columns)} has a value that is not, in column ${at % columns}`,
    given: values[at],
    expected: 'finite numbers',
    remedy: 'Find out where it comes from: an encoder whose training has diverged gives NaN for every image',
  });
}

/** Requires as many labels as there are samples, each a whole number of 0 .. `classes`-1, 2³¹-1 at most. */
export function requireLabels(
  what: string,
  name: string,
  labels: ArrayLike<number>,
  samples: number,
  classes = 2 ** 31,
): void {
  if (labels.length !== samples) {
    throw evaluatorError('INVALID_SHAPE', {
      message: `${what} needs a label for each of its ${name}`,
      given: `${samples} features, ${labels.length} labels`,
      expected: 'as many of each',
    });
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw evaluatorError('INVALID_LABELS', {
      message: `${what} cannot use the label of sample ${i} of its ${name}`,
      given: label,
      expected:
        classes === 2 ** 31 ? 'a whole number of 0 .. 2³¹-1' : `a whole number of 0 .. ${classes - 1}`,
    });
  }
}

/** Requires that labels are of two classes or more. */
export function requireTwoClasses(what: string, labels: ArrayLike<number>): void {
  for (let i = 1; i < labels.length; i++) if (labels[i] !== labels[0]) return;
  throw evaluatorError('ONE_CLASS', {
    message: `${what} has only one class to learn from`,
    given: `${labels.length} samples, all of class ${labels[0]}`,
    expected: 'samples of two classes or more',
  });
}

/** The number of classes that labels of 0, 1, ... mean. */
export function classCount(...labels: readonly ArrayLike<number>[]): number {
  let most = -1;
  for (const list of labels) for (let i = 0; i < list.length; i++) most = Math.max(most, list[i]!);
  return most + 1;
}
