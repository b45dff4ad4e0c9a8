import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireOneOf } from '../checks.js';
import { evaluatorError } from '../errors.js';

/**
 * How precision and recall become one number:
 * - `area`: the area under the curve, with each precision raised to the highest at any higher recall;
 *   of Pascal VOC since 2010 and of the published SVM evaluations on VOC 2007;
 * - `elevenPoint`: the mean of that raised precision at the recalls 0, 0.1, ..., 1; of Pascal VOC 2007;
 * - `step`: the area under the curve as it is, scikit-learn's `average_precision_score`; never above
 *   `area`.
 */
export type AveragePrecisionMethod = (typeof AVERAGE_PRECISION_METHODS)[number];

export const AVERAGE_PRECISION_METHODS = ['area', 'elevenPoint', 'step'] as const;

/** How {@link averagePrecision} is computed. */
export interface AveragePrecisionOptions {
  /** `area` by default. */
  readonly method?: AveragePrecisionMethod;
}

const OPTIONS: OptionNames<AveragePrecisionOptions> = { method: true };

/** A point of the precision-recall curve: so many of the highest scores are positive, and so many are not. */
interface CurvePoint {
  readonly positives: number;
  readonly precision: number;
}

/**
 * The average precision of a ranking. Samples with equal scores are one point of the curve, as in
 * scikit-learn, so that their order does not matter.
 *
 * @param scores [n], finite
 * @param targets [n]: 1, -1, or 0 for samples that do not count
 * @returns 0 .. 1; NaN where no sample is positive
 * @throws {EvaluatorError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_LABELS`, `NON_FINITE_FEATURES`;
 *   `UNKNOWN_OPTION`
 * @see Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 2010, section 4.2
 */
export function averagePrecision(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: AveragePrecisionOptions = {},
): number {
  requireKnownOptions('averagePrecision', options, OPTIONS);
  const { method = 'area' } = options;
  requireOneOf('averagePrecision', 'method', method, AVERAGE_PRECISION_METHODS);
  requireRanking(scores, targets);
  const curve = curveOf(scores, targets);
  const total = curve.at(-1)?.positives ?? 0;
  if (total === 0) return NaN;
  if (method === 'step') return areaUnder(curve, total);
  const raised = raisedToHigherRecalls(curve);
  if (method === 'area') return areaUnder(raised, total);
  let sum = 0;
  for (let tenth = 0; tenth <= 10; tenth++) {
    // In whole numbers, since 0.1 has no exact float.
    sum += raised.find(({ positives }) => 10 * positives >= tenth * total)!.precision;
  }
  return sum / 11;
}

/** The mean of those that are defined; NaN where none is. */
export function meanAveragePrecision(averagePrecisions: ArrayLike<number>): number {
  const defined = Array.from(averagePrecisions).filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

function curveOf(scores: ArrayLike<number>, targets: ArrayLike<number>): CurvePoint[] {
  const counted = Array.from(targets, (target, i) => (target === 0 ? -1 : i)).filter((i) => i >= 0);
  const order = Int32Array.from(counted).sort((a, b) => scores[b]! - scores[a]!);
  const curve: CurvePoint[] = [];
  let positives = 0;
  for (let rank = 0; rank < order.length; rank++) {
    const sample = order[rank]!;
    if (targets[sample] === 1) positives++;
    const isLast = rank === order.length - 1 || scores[order[rank + 1]!] !== scores[sample];
    if (isLast) curve.push({ positives, precision: positives / (rank + 1) });
  }
  return curve;
}

function raisedToHigherRecalls(curve: readonly CurvePoint[]): CurvePoint[] {
  let highest = 0;
  return [...curve]
    .reverse()
    .map(({ positives, precision }) => {
      highest = Math.max(highest, precision);
      return { positives, precision: highest };
    })
    .reverse();
}

function areaUnder(curve: readonly CurvePoint[], total: number): number {
  let sum = 0;
  let before = 0;
  for (const { positives, precision } of curve) {
    sum += ((positives - before) / total) * precision;
    before = positives;
  }
  return sum;
}

function requireRanking(scores: ArrayLike<number>, targets: ArrayLike<number>): void {
  if (scores.length !== targets.length) {
    throw evaluatorError('INVALID_SHAPE', {
      message: 'an average precision needs a target for each score',
      given: `${scores.length} scores, ${targets.length} targets`,
      expected: 'as many of each',
    });
  }
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) {
      throw evaluatorError('NON_FINITE_FEATURES', {
        message: `an average precision cannot rank the score of sample ${i}`,
        given: scores[i],
        expected: 'finite numbers',
      });
    }
    const target = targets[i];
    if (target === 1 || target === 0 || target === -1) continue;
    throw evaluatorError('INVALID_LABELS', {
      message: `an average precision cannot use the target of sample ${i}`,
      given: target,
      expected: '1, 0 or -1',
    });
  }
}
