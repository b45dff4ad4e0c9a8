import { classCount, requireInteger, requireLabels } from '../checks.js';
import { denseLabels } from '../denseLabels.js';
import { evaluatorError } from '../errors.js';

/** Which classes each image shows, where it may show several, as the lists of Pascal VOC have it. */
export interface MultiLabels {
  readonly classes: number;
  /** [n * classes], row by row: 1 shows it, -1 does not, 0 shows it in a way that is hard to recognize. */
  readonly values: ArrayLike<number>;
}

/** A class for each image, int32 [n], or several. */
export type Labels = Int32Array | MultiLabels;

/** What becomes of images in which a class is hard to recognize. */
export type Difficult = 'ignore' | 'negative';

/**
 * For each class int8 [n]: 1 where an image shows it, -1 where it does not, 0 where the image is to be
 * left out.
 *
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS`, `INVALID_OPTION`
 */
export function targetsOf(
  what: string,
  name: string,
  labels: Labels,
  samples: number,
  { classes, difficult }: { readonly classes: number; readonly difficult: Difficult },
): Int8Array[] {
  if (labels instanceof Int32Array) {
    requireLabels(what, name, labels, samples, classes);
    return Array.from({ length: classes }, (_, c) =>
      Int8Array.from(labels, (label) => (label === c ? 1 : -1)),
    );
  }
  requireInteger(what, 'number of classes', labels.classes, 1);
  if (labels.classes !== classes || labels.values.length !== samples * classes) {
    throw evaluatorError('INVALID_SHAPE', {
      message: `${what} cannot use the labels of its ${name}`,
      given: `${labels.values.length} values for ${labels.classes} classes`,
      expected: `[${samples}, ${classes}]`,
    });
  }
  return Array.from({ length: classes }, (_, c) =>
    Int8Array.from({ length: samples }, (_, row) => {
      const value = labels.values[row * classes + c]!;
      if (value === 1 || value === -1) return value;
      if (value === 0) return difficult === 'ignore' ? 0 : -1;
      throw evaluatorError('INVALID_LABELS', {
        message: `${what} cannot use the label of sample ${row} of its ${name}, class ${c}`,
        given: value,
        expected: '1, 0 or -1',
      });
    }),
  );
}

/** Labels whose classes are the ones that there are; those of images that show several stay as they are. */
export interface NamedLabels {
  /** What each class is called: as its label was. */
  readonly names: Int32Array;
  readonly lists: readonly Labels[];
}

/**
 * Numbers the classes of lists that go together.
 *
 * @param sets what the samples of each list are called, its labels and how many there have to be
 * @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS`
 */
export function namedLabels(
  what: string,
  ...sets: readonly (readonly [name: string, labels: Labels, samples: number])[]
): NamedLabels {
  const single: Int32Array[] = [];
  for (const [name, labels, samples] of sets) {
    if (!(labels instanceof Int32Array)) continue;
    requireLabels(what, name, labels, samples);
    single.push(labels);
  }
  if (single.length < sets.length) {
    const lists = sets.map(([, labels]) => labels);
    return { names: Int32Array.from({ length: classesOf(...lists) }, (_, c) => c), lists };
  }
  const { classes, lists } = denseLabels(...single);
  return { names: classes, lists };
}

/** The number of classes that labels tell apart. */
export function classesOf(...lists: readonly Labels[]): number {
  return lists.reduce(
    (most, labels) => Math.max(most, labels instanceof Int32Array ? classCount(labels) : labels.classes),
    0,
  );
}

/** How many of a class's targets are `value`. */
export function countOf(targets: Int8Array, value: 1 | -1): number {
  let count = 0;
  for (const target of targets) if (target === value) count++;
  return count;
}
