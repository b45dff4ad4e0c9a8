import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import { randomStream } from '@protocl/core/random';

import { classCount, requireInteger, requireLabels } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { readClasses, type ClassLabels } from '../labels.js';

export interface LabelledShareOptions {
  /** How much of the images keeps its labels, above 0 and at most 1. */
  readonly share: number;
  readonly seed: number;
  /** How many classes there are; as many as labels of 0, 1, ... mean by default. */
  readonly classes?: number;
}

const OPTIONS: OptionNames<LabelledShareOptions> = { share: true, seed: true, classes: true };

const WHAT = 'drawLabelledShare';

/**
 * Draws the images that keep their labels: as many of each class, give or take one.
 *
 * A class that has fewer images than its part gives all that it has, and the others make up for them.
 * What a smaller share draws with the same seed is drawn by a larger one too.
 *
 * @param given [n], the class of each image, in 0 .. `classes`-1: an array, a typed array or a tensor
 * @returns int32 [round(share n)], indices in ascending order
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if the share leaves a class without an image, or a class has
 *   none; `INVALID_OPTION`, `INVALID_LABELS`, `INVALID_SHAPE`; `UNKNOWN_OPTION`
 * @see Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020,
 *   section 4.3: "class-balanced"
 */
export async function drawLabelledShare(
  given: ClassLabels,
  options: LabelledShareOptions,
): Promise<Int32Array> {
  requireKnownOptions(WHAT, options, OPTIONS);
  return drawShare(await readClasses(WHAT, 'images', given), options);
}

/** {@link drawLabelledShare} of labels that were read. */
export function drawShare(
  labels: Int32Array,
  { share, seed, classes = classCount(labels) }: LabelledShareOptions,
): Int32Array {
  requireInteger(WHAT, 'seed', seed, 0);
  requireInteger(WHAT, 'number of classes', classes, 1);
  requireLabels(WHAT, 'images', labels, labels.length, classes);
  if (!(share > 0 && share <= 1)) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} cannot use this share`,
      given: share,
      expected: 'a number above 0, at most 1',
    });
  }
  const count = Math.round(share * labels.length);
  requireEveryClass(labels, classes, count, share);
  const byClass = Array.from({ length: classes }, (): number[] => []);
  for (let index = 0; index < labels.length; index++) byClass[labels[index]!]!.push(index);
  const shuffled = byClass.map((indices, label) =>
    [...randomStream({ seed, purpose: 'labelled images', step: label }).permutation(indices.length)].map(
      (place) => indices[place]!,
    ),
  );
  // Which classes have one more, where not all can have as many.
  const order = randomStream({ seed, purpose: 'labelled classes' }).permutation(classes);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < count; round++) {
    for (const label of order) {
      const index = shuffled[label]![round];
      if (index !== undefined && chosen.length < count) chosen.push(index);
    }
  }
  return Int32Array.from(chosen).sort();
}

function requireEveryClass(labels: ArrayLike<number>, classes: number, count: number, share: number): void {
  const images = labels.length;
  // Whatever number of classes is asked for, no more are looked at than there are images.
  const present = new Set(Array.from(labels));
  if (present.size < classes) {
    let empty = 0;
    while (present.has(empty)) empty++;
    throw evaluatorError('TOO_FEW_SAMPLES', {
      message: `${WHAT} has no image of class ${empty} to draw from`,
      given: `${images} images of ${classes} classes`,
      expected: 'at least one of each class',
    });
  }
  if (count >= classes) return;
  throw evaluatorError('TOO_FEW_SAMPLES', {
    message: `${WHAT} would leave a class without images`,
    given: `a share of ${share}: ${count} of ${images} images, for ${classes} classes`,
    expected: `at least ${classes} images, one for each class`,
    remedy: `Use a share of at least ${Math.ceil((1000 * classes) / images) / 1000}, or more images`,
  });
}
