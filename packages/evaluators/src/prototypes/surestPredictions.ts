import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { emptySplit, nonFinite, requireInteger } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { readClasses, type ClassLabels } from '../labels.js';

/** How {@link surestPredictions} chooses. */
export interface SurestPredictionsOptions {
  /** Samples of each kind and class at most. Default 8. */
  readonly count?: number;
  /** The class of each column of the scores. Default 0, 1, .... */
  readonly classes?: ArrayLike<number>;
}

const OPTIONS: OptionNames<SurestPredictionsOptions> = { count: true, classes: true };

/** A sample that was given to a class. */
export interface Prediction {
  readonly sample: number;
  /** Its true class. */
  readonly label: number;
  /** Its score for the class that it was given to. */
  readonly score: number;
}

/** The surest predictions of one class, highest score first. */
export interface SurestPredictions {
  /** The class that the samples were given to. */
  readonly predicted: number;
  /** Samples of the class. */
  readonly truePositives: readonly Prediction[];
  /** Samples of other classes. */
  readonly falsePositives: readonly Prediction[];
}

/**
 * For each class, the samples that a classifier is surest of, rightly and wrongly. A sample is given to the class that
 * it has the highest score for; of equal scores to the first.
 *
 * @param scores [n · classes], row by row, such as `testScores` of a linear SVM; only their order matters
 * @param truth [n], the true class of each sample: an array, a typed array or a tensor; one that has no scores is
 *   always missed
 * @returns one entry for each class
 * @throws {EvaluatorError} `EMPTY_SPLIT`, `INVALID_OPTION`, `INVALID_SHAPE` where the scores are not a row for each
 *   label, `INVALID_LABELS`, `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 */
export async function surestPredictions(
  scores: ArrayLike<number>,
  truth: ClassLabels,
  options: SurestPredictionsOptions = {},
): Promise<SurestPredictions[]> {
  requireKnownOptions('surestPredictions', options, OPTIONS);
  const { count = 8, classes: given } = options;
  requireInteger('surestPredictions', 'count', count, 0);
  const labels = await readClasses('surestPredictions', 'scores', truth);
  const width = requireScores(scores, labels);
  const classes = given === undefined ? Array.from({ length: width }, (_, c) => c) : Array.from(given);
  if (classes.length !== width) throw unfitting(scores, labels, classes.length);
  const positives = classes.map((): Prediction[] => []);
  for (let sample = 0; sample < labels.length; sample++) {
    let highest = 0;
    for (let c = 1; c < width; c++) {
      if (scores[sample * width + c]! > scores[sample * width + highest]!) highest = c;
    }
    const score = scores[sample * width + highest]!;
    positives[highest]!.push({ sample, label: labels[sample]!, score });
  }
  return positives.map((predictions, c) => {
    const predicted = classes[c]!;
    const surest = predictions.toSorted((a, b) => b.score - a.score);
    return {
      predicted,
      truePositives: surest.filter(({ label }) => label === predicted).slice(0, count),
      falsePositives: surest.filter(({ label }) => label !== predicted).slice(0, count),
    };
  });
}

/** @returns the number of classes that have scores */
function requireScores(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (labels.length === 0) throw emptySplit('surestPredictions', 'labels');
  const classes = scores.length / labels.length;
  if (!Number.isInteger(classes) || classes === 0) throw unfitting(scores, labels);
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) throw nonFinite('surestPredictions', 'scores', i, scores, classes);
  }
  return classes;
}

function unfitting(scores: ArrayLike<number>, labels: ArrayLike<number>, classes?: number): Error {
  return evaluatorError('INVALID_SHAPE', {
    message: 'surestPredictions needs a score for each class of each sample',
    given: `${scores.length} scores, ${labels.length} labels${classes === undefined ? '' : `, ${classes} classes`}`,
    expected: 'n · classes scores for n labels',
  });
}
