import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { emptySplit, requireFinite, requireInteger, requireMatrix } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { highestOthers } from '../neighbours/highestOthers.js';
import { aroundCentre, centreOfAlike, directionsOf } from '../neighbours/directions.js';

/** How {@link retrieve} searches. */
export interface RetrieveOptions {
  /** Samples to find for each query: 1 .. n-1. Default 10. */
  readonly count?: number;
}

const OPTIONS: OptionNames<RetrieveOptions> = { count: true };

/** What was found for one query. */
export interface Retrieval {
  /** The sample that was asked for. */
  readonly query: number;
  /** The most similar other samples, most similar first. */
  readonly indices: Int32Array;
  /** Their cosine similarities, -1 .. 1. */
  readonly similarities: Float32Array;
}

/**
 * Finds the samples that are most similar to some of them, by cosine, the query itself left out. Computed in blocks of
 * queries: memory stays bounded, however many there are. A feature of zeros is similar to nothing: 0.
 *
 * @param features float32 [n, D], finite, normalized or not, n at least 2; stays the caller's
 * @param queries samples to search for, 0 .. n-1
 * @throws {EvaluatorError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`,
 *   `TOO_FEW_SAMPLES` where there are fewer other samples than are to be found; `UNKNOWN_OPTION`
 */
export async function retrieve(
  features: tf.Tensor2D,
  queries: ArrayLike<number>,
  options: RetrieveOptions = {},
): Promise<Retrieval[]> {
  requireKnownOptions('retrieve', options, OPTIONS);
  const { count = 10 } = options;
  requireMatrix('retrieve', 'features', features);
  requireInteger('retrieve', 'count', count, 1);
  const [n] = features.shape;
  if (queries.length === 0) throw emptySplit('retrieve', 'queries');
  for (let i = 0; i < queries.length; i++) requireInteger('retrieve', `query ${i}`, queries[i]!, 0, n - 1);
  if (count >= n) {
    throw evaluatorError('TOO_FEW_SAMPLES', {
      message: `retrieve cannot find ${count} other samples among ${n}`,
      given: n,
      expected: `at least ${count + 1} samples`,
      ...(n > 1 && { remedy: `Ask for fewer, such as count: ${n - 1}` }),
    });
  }
  await requireFinite('retrieve', 'features', features);
  const selves = Int32Array.from(queries);
  const directions = directionsOf(features);
  const centre = await centreOfAlike(directions);
  const { known, asked } = tf.tidy(() => {
    const some = tf.gather(directions, tf.tensor1d(selves, 'int32'));
    if (centre === undefined) return { known: tf.clone(directions), asked: some };
    return { known: aroundCentre(directions, centre, 'known'), asked: aroundCentre(some, centre, 'asked') };
  });
  try {
    const rows = (start: number, length: number): tf.Tensor2D =>
      tf.tidy(() => tf.matMul(tf.slice(asked, [start, 0], [length, -1]), known, false, true));
    const { indices, values } = await highestOthers({ selves, columns: n, rows }, count);
    return Array.from(selves, (query, i) => ({
      query,
      indices: indices.slice(i * count, (i + 1) * count),
      similarities: values.slice(i * count, (i + 1) * count).map((value) => (centre ? value + 1 : value)),
    }));
  } finally {
    tf.dispose([directions, known, asked, ...(centre ? [centre] : [])]);
  }
}
