import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireInteger, requireOneOf, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Setting } from '../evaluation.js';
import { PUBLISHED_COSTS } from './chooseCosts.js';
import type { ClassWeight } from './hingeProblem.js';
import type { Difficult } from './targets.js';

/**
 * C, the weight of the losses beside half the squared norm of the weights: one for all classes; several, from which one
 * is chosen for each class by cross-validation; or one for each class that can be learned, in ascending order.
 */
export type SvmCost = number | readonly number[] | { readonly perClass: readonly number[] };

/** How machines are fitted. The defaults are the protocol of the published evaluations on VOC 2007 and Places205. */
export interface FitLinearSvmOptions {
  /** The published list by default, to choose from: 2⁻¹⁹ .. 2⁻⁴, 0.01 and 0.1. */
  readonly cost?: SvmCost;
  /** Of the cross-validation; 3 by default. */
  readonly folds?: number;
  /** 2 and 1 by default. */
  readonly classWeight?: ClassWeight;
  /** Whether features are divided by their length plus 1e-5 of it, and no more than 1e-5, first; true by default. */
  readonly normalize?: boolean;
  /** What becomes of images in which a class is hard to recognize; left out (`ignore`) by default. */
  readonly difficult?: Difficult;
  /**
   * It ends where the objective is certainly within this share of its minimum, and the weights as surely within the
   * fourth root of the share of theirs; 1e-4 by default, which is a tenth.
   */
  readonly tolerance?: number;
  /** At most so many Newton steps; 100 by default. */
  readonly iterations?: number;
}

/** The names of {@link FitLinearSvmOptions}. */
export const FIT_LINEAR_SVM_OPTIONS: OptionNames<FitLinearSvmOptions> = {
  cost: true,
  folds: true,
  classWeight: true,
  normalize: true,
  difficult: true,
  tolerance: true,
  iterations: true,
};

/** {@link FitLinearSvmOptions} with its defaults filled in. */
export type SvmSettings = Required<FitLinearSvmOptions>;

/** What messages call it. */
export const WHAT = 'the linear SVM';

/**
 * Fills in the defaults.
 *
 * @param known the names of all options of the function; others may be there
 * @throws {EvaluatorError} `INVALID_OPTION`; `UNKNOWN_OPTION`
 */
export function resolveSvm<Options extends FitLinearSvmOptions>(
  options: Options,
  known: OptionNames<Options>,
): SvmSettings {
  requireKnownOptions(WHAT, options, known);
  const {
    cost = PUBLISHED_COSTS,
    folds = 3,
    classWeight = { positive: 2, negative: 1 },
    normalize = true,
    difficult = 'ignore',
    tolerance = 1e-4,
    iterations = 100,
  }: FitLinearSvmOptions = options;
  requireCost(cost);
  requireInteger(WHAT, 'number of folds', folds, 2);
  requireClassWeight(classWeight);
  requireOneOf(WHAT, 'difficult', difficult, ['ignore', 'negative']);
  requirePositive(WHAT, 'tolerance', tolerance);
  requireInteger(WHAT, 'number of iterations', iterations, 1);
  return { cost, folds, classWeight, normalize, difficult, tolerance, iterations };
}

/** Settings as a result tells of them. */
export function toldSettings({ cost, folds, classWeight, ...others }: SvmSettings): Record<string, Setting> {
  const isChosen = Array.isArray(cost) && cost.length > 1;
  return {
    cost: typeof cost === 'number' ? cost : [...('perClass' in cost ? cost.perClass : cost)],
    ...(isChosen && { folds }),
    positiveWeight: classWeight === 'balanced' ? classWeight : classWeight.positive,
    negativeWeight: classWeight === 'balanced' ? classWeight : classWeight.negative,
    ...others,
  };
}

function requireCost(cost: SvmCost): void {
  const costs = typeof cost === 'number' ? [cost] : 'perClass' in cost ? cost.perClass : cost;
  if (costs.length === 0) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} has no cost to choose from`,
      given: costs,
      expected: 'at least one',
    });
  }
  for (const value of costs) requirePositive(WHAT, 'cost', value);
}

function requireClassWeight(classWeight: ClassWeight): void {
  if (classWeight === 'balanced') return;
  requirePositive(WHAT, 'weight of positive samples', classWeight.positive);
  requirePositive(WHAT, 'weight of negative samples', classWeight.negative);
}
