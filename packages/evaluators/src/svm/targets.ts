import { requireInteger } from '../checks.js';
import { denseLabels } from '../denseLabels.js';
import { evaluatorError } from '../errors.js';
import type { HostLabels } from '../labels.js';

/** What becomes of images in which a class is hard to recognize. */
export type Difficult = 'ignore' | 'negative';

/**
 * For each class int8 [n]: 1 where an image shows it, -1 where it does not, 0 where the image is to be
 * left out.
 *
 * @param names which classes; where images show several, the places of their columns
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS`, `INVALID_OPTION`
 */
export function targetsOf(
  what: string,
  name: string,
  labels: HostLabels,
  samples: number,
  { names, difficult }: { readonly names: Int32Array; readonly difficult: Difficult },
): Int8Array[] {
  if (labels instanceof Int32Array) {
    return Array.from(names, (own) => Int8Array.from(labels, (label) => (label === own ? 1 : -1)));
  }
  const { classes, values } = labels;
  requireInteger(what, 'number of classes', classes, 1);
  if (names.some((own) => own >= classes) || values.length !== samples * classes) {
    throw evaluatorError('INVALID_SHAPE', {
      message: `${what} cannot use the labels of its ${name}`,
      given: `${values.length} values for ${classes} classes`,
      expected: `[${samples}, ${Math.max(classes, ...names.map((own) => own + 1))}]`,
    });
  }
  return Array.from(names, (own) =>
    Int8Array.from({ length: samples }, (_, row) => {
      const value = values[row * classes + own]!;
      if (value === 1 || value === -1) return value;
      if (value === 0) return difficult === 'ignore' ? 0 : -1;
      throw evaluatorError('INVALID_LABELS', {
        message: `${what} cannot use the label of sample ${row} of its ${name}, class ${own}`,
        given: value,
        expected: '1, 0 or -1',
      });
    }),
  );
}

/** The classes that labels tell apart: those that appear, ascending; or the columns of images that show several. */
export function classNamesOf(labels: HostLabels): Int32Array {
  if (labels instanceof Int32Array) return denseLabels(labels).classes;
  return Int32Array.from({ length: labels.classes }, (_, c) => c);
}

/**
 * The places of the classes that have samples both with and without them.
 *
 * @throws {EvaluatorError} `ONE_CLASS` if there are none
 */
export function learnable(what: string, targets: readonly Int8Array[]): Int32Array {
  const classes = [...targets.keys()].filter((c) => targets[c]!.includes(1) && targets[c]!.includes(-1));
  if (classes.length > 0) return Int32Array.from(classes);
  throw evaluatorError('ONE_CLASS', {
    message: `${what} has no class to learn`,
    given: `${targets[0]?.length ?? 0} samples of ${targets.length} ${targets.length === 1 ? 'class' : 'classes'}`,
    expected: 'samples both with and without a class',
  });
}

/** How many of a class's targets are `value`. */
export function countOf(targets: Int8Array, value: 1 | -1): number {
  let count = 0;
  for (const target of targets) if (target === value) count++;
  return count;
}
