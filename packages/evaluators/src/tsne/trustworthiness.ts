import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import type * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireInteger, requireMatrix } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { rowsOfBlock } from '../neighbours/highestOthers.js';
import { nearestOthers } from '../neighbours/nearestOthers.js';
import { ofOrdinarySize } from '../neighbours/ofOrdinarySize.js';
import { squaredDistances } from '../neighbours/squaredDistances.js';

/** How {@link trustworthiness} looks. */
export interface TrustworthinessOptions {
  /** Neighbours in the embedding that are looked at: 1 or more, fewer than n / 2. Default 5, as in scikit-learn. */
  readonly neighbours?: number;
}

const OPTIONS: OptionNames<TrustworthinessOptions> = { neighbours: true };

/**
 * How far an embedding makes no neighbours of samples that were none: 1 where all are, less for each neighbour in the
 * embedding by how far down it is in the order of neighbours among the features. Computed in blocks: memory stays
 * bounded, whatever n is.
 *
 * @param features float32 [n, D], finite and of any scale; stays the caller's
 * @param embedding float32 [n, d], finite; stays the caller's
 * @returns 0 .. 1
 * @throws {EvaluatorError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`,
 *   `TOO_FEW_SAMPLES` where there are not more than two times as many samples as neighbours; `UNKNOWN_OPTION`
 * @see Venna and Kaski, Neighborhood preservation in nonlinear projection methods, 2001
 */
export async function trustworthiness(
  features: tf.Tensor2D,
  embedding: tf.Tensor2D,
  options: TrustworthinessOptions = {},
): Promise<number> {
  requireKnownOptions('trustworthiness', options, OPTIONS);
  const { neighbours: k = 5 } = options;
  await requireFitting(features, embedding, k);
  const n = features.shape[0];
  const { indices } = await nearestOthers(embedding, k);
  const scaled = await ofOrdinarySize(features);
  const distances = squaredDistances(scaled);
  let excess = 0;
  try {
    const height = rowsOfBlock(n);
    for (let start = 0; start < n; start += height) {
      const count = Math.min(height, n - start);
      const block = distances.rows(start, count);
      const values = await block.data<'float32'>();
      block.dispose();
      for (let row = 0; row < count; row++) {
        const point = start + row;
        const own = values.subarray(row * n, (row + 1) * n);
        // It is not its own neighbour.
        own[point] = Infinity;
        for (let at = point * k; at < (point + 1) * k; at++) {
          excess += Math.max(0, rankOf(own, indices[at]!) - k);
        }
      }
    }
  } finally {
    distances.dispose();
    scaled.dispose();
  }
  return 1 - (2 * excess) / (n * k * (2 * n - 3 * k - 1));
}

/** The place of one among the distances, from 1; equal ones have the same. */
function rankOf(distances: Float32Array, index: number): number {
  const distance = distances[index]!;
  let rank = 1;
  for (let i = 0; i < distances.length; i++) rank += distances[i]! < distance ? 1 : 0;
  return rank;
}

async function requireFitting(features: tf.Tensor2D, embedding: tf.Tensor2D, k: number): Promise<void> {
  requireMatrix('trustworthiness', 'features', features);
  requireMatrix('trustworthiness', 'points of the embedding', embedding);
  requireInteger('trustworthiness', 'neighbours', k, 1);
  const n = features.shape[0];
  if (embedding.shape[0] !== n) {
    throw evaluatorError('INVALID_SHAPE', {
      message: 'trustworthiness needs a point of the embedding for each sample',
      given: `${n} features, ${embedding.shape[0]} points`,
      expected: 'as many of each',
    });
  }
  if (2 * k >= n) {
    throw evaluatorError('TOO_FEW_SAMPLES', {
      message: `trustworthiness cannot look at ${k} neighbours of each of ${n} samples`,
      given: n,
      expected: `more than ${2 * k} samples`,
      remedy: 'Look at fewer neighbours, or use more samples',
    });
  }
  await requireFinite('trustworthiness', 'features', features);
  await requireFinite('trustworthiness', 'points of the embedding', embedding);
}
