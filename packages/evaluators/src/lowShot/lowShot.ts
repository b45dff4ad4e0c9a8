import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { requireInteger, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { TRAINING, type LabelledFeatures } from '../labelledFeatures.js';
import type { HostLabels, Labels } from '../labels.js';
import {
  judgeMachines,
  LINEAR_SVM_OPTIONS,
  readSvmSamples,
  resolveJudgedSvm,
  type LinearSvmOptions,
} from '../svm/linearSvm.js';
import { classNamesOf, countOf, learnable, targetsOf } from '../svm/targets.js';
import { drawShots } from './drawShots.js';

export interface LowShotOptions extends Omit<LinearSvmOptions, 'cost' | 'folds'> {
  /** Images of each class; 1, 2, 4, 8 and 16 by default. */
  readonly shots?: readonly number[];
  /** Independent draws of those images; 5 by default. */
  readonly draws?: number;
  /** Of the draws; 0 by default. */
  readonly seed?: number;
  /** C of every machine; 0.5 by default, as in the evaluation script of PCL. */
  readonly cost?: number;
}

/** The names of {@link LowShotOptions}. */
export const LOW_SHOT_OPTIONS: OptionNames<LowShotOptions> = {
  cost: true,
  classWeight: true,
  normalize: true,
  difficult: true,
  averagePrecision: true,
  tolerance: true,
  iterations: true,
  shots: true,
  draws: true,
  seed: true,
};

/** What one number of shots gives. */
export interface ShotScores {
  readonly k: number;
  /** For each draw. */
  readonly meanAveragePrecisions: readonly number[];
  /** For each draw, where each image has one class. */
  readonly accuracies?: readonly number[];
}

/**
 * Scores: `meanAveragePrecision@k`, the mean over the draws, and `meanAveragePrecision@k deviation`,
 * their sample deviation; where each image has one class, `accuracy@k` and `accuracy@k deviation` too.
 */
export interface LowShotResult extends Evaluation {
  readonly shots: readonly ShotScores[];
}

/**
 * Low-shot classification: linear support vector machines that are fitted to only `k` images of each
 * class, in several seeded draws, and judged by all held-out images.
 *
 * C is fixed. Published results often are the best of several C by the held-out images themselves; to
 * reproduce one, call it for each C.
 *
 * @param train the images to draw from, float32 [n, D], finite, with a class or a row of 1, 0 and -1 for each
 * @param test the held-out images, [N, D], with theirs
 * @returns figures only; no tensor is kept
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a class has fewer than `k` images; what `linearSvm`
 *   throws
 * @see Goyal et al., "Scaling and Benchmarking Self-Supervised Visual Representation Learning", ICCV
 *   2019, section 6.2; Li et al., "Prototypical Contrastive Learning", ICLR 2021, section 5.1
 */
export async function lowShot(
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
  options: LowShotOptions = {},
): Promise<LowShotResult> {
  requireKnownOptions(WHAT, options, LOW_SHOT_OPTIONS);
  const { shots = [1, 2, 4, 8, 16], draws = 5, seed = 0, cost = 0.5, ...given } = options;
  requireDraws(shots, draws, seed);
  requirePositive(WHAT, 'cost', cost);
  const svm = resolveJudgedSvm({ ...given, cost }, LINEAR_SVM_OPTIONS);
  const [known, held] = await readSvmSamples(train, test);
  const names = classNamesOf(known.labels);
  const { difficult } = svm;
  const rowsGiven = known.features.shape[0];
  const targets = targetsOf(WHAT, TRAINING, known.labels, rowsGiven, { names, difficult });
  learnable(WHAT, targets);
  requireEnough(targets, shots, names);
  const results: ShotScores[] = [];
  let settings: Evaluation['settings'] = {};
  for (const k of shots) {
    const precisions: number[] = [];
    const accuracies: number[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const rows = drawShots(targets, k, seed, draw, names);
      const features = tf.tidy(() => tf.gather(known.features, tf.tensor1d(rows, 'int32')));
      try {
        const result = await judgeMachines({ features, labels: labelsOf(known.labels, rows) }, held, svm);
        precisions.push(result.scores.meanAveragePrecision);
        if (result.scores.accuracy !== undefined) accuracies.push(result.scores.accuracy);
        settings = result.settings;
      } finally {
        features.dispose();
      }
    }
    results.push({
      k,
      meanAveragePrecisions: precisions,
      ...(accuracies.length > 0 && { accuracies }),
    });
  }
  return {
    shots: results,
    scores: Object.fromEntries(results.flatMap(scoresOf)),
    settings: { shots, draws, seed, ...settings },
  };
}

const WHAT = 'low-shot classification';

/** Before anything is fitted, so that a number that is too large does not come to light after minutes. */
function requireEnough(targets: readonly Int8Array[], shots: readonly number[], names: Int32Array): void {
  const counts = targets.map((own) => countOf(own, 1));
  const most = Math.max(...shots);
  const rare = counts.findIndex((count) => count > 0 && count < most);
  if (rare === -1) return;
  const least = counts.reduce((fewest, count) => (count > 0 ? Math.min(fewest, count) : fewest), most);
  const possible = shots.filter((k) => k <= least);
  throw evaluatorError('TOO_FEW_SAMPLES', {
    message: `${WHAT} has too few images of class ${names[counts.indexOf(least)]}`,
    given: least === 1 ? '1 image' : `${least} images`,
    expected: `at least ${most}, the largest number of shots`,
    remedy:
      possible.length > 0
        ? `Pass shots: ${possible.join(', ')}; or leave such classes out`
        : 'Pass smaller numbers of shots, or leave such classes out',
  });
}

function requireDraws(shots: readonly number[], draws: number, seed: number): void {
  if (shots.length === 0) {
    throw evaluatorError('INVALID_OPTION', {
      message: `${WHAT} has no number of shots`,
      given: shots,
      expected: 'at least one',
    });
  }
  for (const k of shots) requireInteger(WHAT, 'number of shots', k, 1);
  requireInteger(WHAT, 'number of draws', draws, 2);
  requireInteger(WHAT, 'seed', seed, 0);
}

function labelsOf(labels: HostLabels, rows: Int32Array): HostLabels {
  if (labels instanceof Int32Array) return rows.map((row) => labels[row]!);
  const { classes, values } = labels;
  const chosen = Array.from(rows, (row) =>
    Array.from({ length: classes }, (_, c) => values[row * classes + c]!),
  );
  return { classes, values: chosen.flat() };
}

function scoresOf({ k, meanAveragePrecisions, accuracies }: ShotScores): [string, number][] {
  const named = { meanAveragePrecision: meanAveragePrecisions, ...(accuracies && { accuracy: accuracies }) };
  return Object.entries(named).flatMap(([name, values]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return [
      [`${name}@${k}`, mean],
      [`${name}@${k} deviation`, Math.sqrt(squares / (values.length - 1))],
    ] satisfies [string, number][];
  });
}
