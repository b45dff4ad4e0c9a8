import * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from '../errors.js';
import { averagePrecision } from './averagePrecision.js';
import { problemOf, type ClassWeight } from './hingeProblem.js';
import { solveHinge } from './solveHinge.js';
import { stratifiedFolds } from './stratifiedFolds.js';
import { countOf } from './targets.js';

/**
 * The costs that the published evaluations of self-supervised features choose from: 0.01 and 0.1, and
 * 2⁻¹⁹ .. 2⁻⁴.
 *
 * @see Goyal et al., "Scaling and Benchmarking Self-Supervised Visual Representation Learning", ICCV
 *   2019, and its code, fair_self_supervision_benchmark, `tools/svm/svm_helper.py` (`parse_cost_list`);
 *   0.01 and 0.1 are `costs_list` of its successor VISSL, `vissl/config/defaults.yaml`
 */
export const PUBLISHED_COSTS: readonly number[] = [
  ...Array.from({ length: 16 }, (_, i) => 2 ** (i - 19)),
  0.01,
  0.1,
].sort((a, b) => a - b);

export interface ChooseCostsOptions {
  readonly costs: readonly number[];
  /** What each class is called. */
  readonly names: ArrayLike<number>;
  readonly folds: number;
  readonly classWeight: ClassWeight;
  readonly tolerance: number;
  readonly iterations: number;
}

/** For each class the cost that is best on held-out folds. */
export interface ChosenCosts {
  readonly costs: readonly number[];
  /** The mean average precision over the folds (`step`) at that cost. */
  readonly precisions: readonly number[];
}

/**
 * Chooses a cost for each class by cross-validation: the one with the highest mean average precision
 * over stratified folds, of equals the smallest.
 *
 * @param features float32 [n, D+1], the last column 1
 * @param classes the targets of each class, int8 [n]
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a class has fewer samples with or without it than there
 *   are folds
 */
export async function chooseCosts(
  features: tf.Tensor2D,
  classes: readonly Int8Array[],
  { costs, names, folds, classWeight, tolerance, iterations }: ChooseCostsOptions,
): Promise<ChosenCosts> {
  const parts = classes.flatMap((targets, c) => splitsOf(targets, folds, names[c]!));
  const sums = classes.map(() => costs.map(() => 0));
  const rising = [...costs.keys()].sort((a, b) => costs[a]! - costs[b]!);
  let start: Float64Array[] | undefined;
  for (const which of rising) {
    const problems = parts.map(({ fitted }) => problemOf(fitted, costs[which]!, classWeight));
    // The solution moves little from one cost to the next.
    const solutions = await solveHinge(features, problems, {
      tolerance,
      iterations,
      ...(start && { start }),
    });
    start = solutions.map(({ weights }) => weights);
    const scores = await scoresOf(features, start);
    for (const [p, { held }] of parts.entries()) {
      const ranking = Float64Array.from(held, (_, row) => scores[row * parts.length + p]!);
      sums[Math.floor(p / folds)]![which]! += averagePrecision(ranking, held, { method: 'step' }) / folds;
    }
  }
  const best = sums.map((means) =>
    rising.reduce((chosen, which) => (means[which]! > means[chosen]! ? which : chosen), rising[0]!),
  );
  return { costs: best.map((which) => costs[which]!), precisions: best.map((which, c) => sums[c]![which]!) };
}

/** For each fold the targets to fit and those to judge by; what belongs to the other has target 0. */
function splitsOf(targets: Int8Array, folds: number, name: number) {
  const samples = Math.min(countOf(targets, 1), countOf(targets, -1));
  if (samples < folds) {
    throw evaluatorError('TOO_FEW_SAMPLES', {
      message: `class ${name} has too few samples to choose a cost by cross-validation`,
      given: `${countOf(targets, 1)} samples with and ${countOf(targets, -1)} without it`,
      expected: `at least ${folds} of each`,
      remedy: samples < 2 ? 'Pass one cost' : `Pass one cost, or folds: ${samples}`,
    });
  }
  const counted = Int32Array.from(targets.keys()).filter((row) => targets[row] !== 0);
  const fold = stratifiedFolds(
    counted.map((row) => targets[row]!),
    folds,
  );
  return Array.from({ length: folds }, (_, f) => {
    const [fitted, held] = [targets.slice(), new Int8Array(targets.length)];
    counted.forEach((row, i) => {
      if (fold[i] !== f) return;
      held[row] = targets[row]!;
      fitted[row] = 0;
    });
    return { fitted, held };
  });
}

async function scoresOf(features: tf.Tensor2D, weights: readonly Float64Array[]): Promise<ArrayLike<number>> {
  const scores = tf.tidy(() => {
    const rows = tf.stack(weights.map((row) => tf.tensor1d(Float32Array.from(row)))) as tf.Tensor2D;
    return tf.matMul(features, rows, false, true);
  });
  const values = await scores.data();
  scores.dispose();
  return values;
}
