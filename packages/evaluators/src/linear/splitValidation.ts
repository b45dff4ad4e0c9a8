import { randomStream } from '@protocl/core/random';

import { evaluatorError } from '../errors.js';

/** Rows to fit to, and rows to choose by. */
export interface ValidationSplit {
  readonly fitted: Int32Array;
  readonly held: Int32Array;
}

/**
 * Sets a share of each class aside, drawn at random: at least one image of each, and not all of it.
 *
 * @param share 0 sets nothing aside
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a class has only one image
 */
export function splitValidation(labels: Int32Array, share: number, seed: number): ValidationSplit {
  if (share === 0) return { fitted: Int32Array.from(labels.keys()), held: new Int32Array(0) };
  const members = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = members.get(label);
    if (rows) rows.push(row);
    else members.set(label, [row]);
  });
  const held = new Set<number>();
  for (const [label, rows] of members) {
    if (rows.length < 2) {
      throw evaluatorError('TOO_FEW_SAMPLES', {
        message: `class ${label} has too few images to set some aside`,
        given: `${rows.length} image`,
        expected: 'at least 2',
        remedy: 'Pass validation: 0, which chooses by the held-out images',
      });
    }
    const count = Math.min(rows.length - 1, Math.max(1, Math.round(share * rows.length)));
    const order = randomStream({ seed, purpose: 'validation', step: label }).permutation(rows.length);
    for (const place of order.subarray(0, count)) held.add(rows[place]!);
  }
  const rows = Int32Array.from(labels.keys());
  return { fitted: rows.filter((row) => !held.has(row)), held: rows.filter((row) => held.has(row)) };
}
