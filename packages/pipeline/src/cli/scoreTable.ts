import { printable, type SerializedError } from '@protocl/core';
import type { Evaluation } from '@protocl/evaluators';

import type { EvaluatorName, FeatureScores } from '../commands/evaluate.js';
import { EVALUATOR_TITLES, failureReason } from '../evaluation/failures.js';

/** Scores that are no share of something. */
const PLAIN = /^(divergence|loss|iterations|trustworthiness|adjusted|normalized)/;

/** The scores of an encoder or of features, and of evaluators that have none the reason, as lines. */
export function scoreTable({ checkpoint, epoch, evaluations, failures = {} }: FeatureScores): string[] {
  const rows = Object.entries(evaluations).flatMap(([name, { scores }]: [string, Evaluation]) => {
    const title = EVALUATOR_TITLES[name as EvaluatorName];
    // One k needs no name, and the accuracy on what was fitted to is no result.
    if (name === 'knn') return [[`${title} accuracy`, Object.values(scores)[0]!, false] as const];
    return Object.entries(scores)
      .filter(([score]) => score !== 'trainAccuracy')
      .map(([score, value]) => [`${title} ${words(score)}`, value, PLAIN.test(score)] as const);
  });
  const failed = (Object.entries(failures) as [EvaluatorName, SerializedError][]).map(
    ([name, error]) =>
      [EVALUATOR_TITLES[name], `no scores: ${printable(failureReason(name, error))}`] as const,
  );
  const titles = [...rows, ...failed].map(([name]) => name.length);
  const width = Math.max(...titles, 'checkpoint'.length) + 2;
  return [
    ...(checkpoint === undefined ? [] : [`${'checkpoint'.padEnd(width)}${checkpoint} (${epoch} epochs)`]),
    ...rows.map(
      ([name, value, isPlain]) =>
        `${name.padEnd(width)}${isPlain ? String(Number(value.toPrecision(4))) : `${(100 * value).toFixed(2)}%`}`,
    ),
    ...failed.map(([name, reason]) => `${name.padEnd(width)}${reason}`),
  ];
}

/** `meanAveragePrecision@4` as `mean average precision, 4`. */
function words(score: string): string {
  return score.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/@(\d+%?)/, ' ($1)');
}
