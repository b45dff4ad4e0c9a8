import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireInteger, requirePositive } from '../checks.js';
import { denseLabels } from '../denseLabels.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { requireSplits, type LabelledFeatures } from '../labelledFeatures.js';
import { nearestNeighbours, type NearestNeighbours } from './nearestNeighbours.js';

export interface KnnOptions {
  /** Neighbours that vote, or several such numbers, all answered in one pass; 200 by default. */
  readonly k?: number | readonly number[];
  /** A neighbour's vote weighs exp(cosine similarity / temperature); 0.1 by default. */
  readonly temperature?: number;
  /** Bytes of similarities that are held at once; 64 MiB by default. */
  readonly blockBytes?: number;
}

/** The names of {@link KnnOptions}. */
export const KNN_OPTIONS: OptionNames<KnnOptions> = { k: true, temperature: true, blockBytes: true };

/** Scores are named `accuracy@k`. */
export interface KnnResult extends Evaluation {
  /** Shares of held-out images classified correctly, 0 .. 1, for each k in the order given. */
  readonly accuracies: readonly number[];
}

/**
 * Classifies held-out images by their nearest training images: the `k` most similar by cosine vote,
 * each with the weight exp(similarity / temperature). Of classes with equally many votes the first
 * wins.
 *
 * @param train the images that vote, [n, D], with the class of each
 * @param test the images to classify, [N, D], with theirs
 * @returns figures only; no tensor is kept
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a k is above n; `INVALID_OPTION`, `INVALID_SHAPE`,
 *   `INVALID_DTYPE`, `INVALID_LABELS`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`; `UNKNOWN_OPTION`
 * @see Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR
 *   2018, section 3.4
 */
export async function knnAccuracy(
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: KnnOptions = {},
): Promise<KnnResult> {
  requireKnownOptions('kNN', options, KNN_OPTIONS);
  const { k = 200, temperature = 0.1, blockBytes = 64 * 2 ** 20 } = options;
  const [trainLabels, testLabels] = await requireSplits('kNN', train, test);
  const ks = typeof k === 'number' ? [k] : k;
  requireOptions(ks, temperature, blockBytes, trainLabels.length);
  const most = Math.max(...ks);
  const nearest = await nearestNeighbours(train.features, test.features, most, blockBytes);
  const { classes, lists } = denseLabels(trainLabels, testLabels);
  const correct = countCorrect(nearest, { classes: classes.length, lists }, ks, temperature);
  const accuracies = correct.map((count) => count / testLabels.length);
  return {
    accuracies,
    scores: Object.fromEntries(ks.map((neighbours, i) => [`accuracy@${neighbours}`, accuracies[i]!])),
    settings: { k: ks, temperature },
  };
}

/** How many queries get their class by the votes of each number of neighbours. */
function countCorrect(
  { similarities, indices, zero }: NearestNeighbours,
  { classes, lists: [voters, labels] }: { classes: number; lists: readonly [Int32Array, Int32Array] },
  ks: readonly number[],
  temperature: number,
): number[] {
  const width = indices.length / labels.length;
  const votes = new Float64Array(classes);
  const correct = ks.map(() => 0);
  const rising = [...ks.keys()].sort((a, b) => ks[a]! - ks[b]!);
  for (let query = 0; query < labels.length; query++) {
    votes.fill(0);
    const most = similarityOfOneVote(similarities[query * width]!, temperature, 1 - zero);
    let rank = 0;
    for (const which of rising) {
      for (; rank < ks[which]!; rank++) {
        const at = query * width + rank;
        votes[voters[indices[at]!]!]! += Math.exp((similarities[at]! - most) / temperature);
      }
      if (firstLargest(votes) === labels[query]) correct[which]!++;
    }
  }
  return correct;
}

/** Where the exponential of float64 has vanished, with room for votes that weigh less. */
const LEAST_EXPONENT = -600;

/**
 * The similarity whose vote weighs 1, which keeps the exponential in range at low temperatures: that of equal
 * features, and where even the nearest is so far away that all votes would vanish, its own.
 */
function similarityOfOneVote(nearest: number, temperature: number, equal: number): number {
  return (nearest - equal) / temperature > LEAST_EXPONENT ? equal : nearest;
}

function firstLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function requireOptions(
  ks: readonly number[],
  temperature: number,
  blockBytes: number,
  neighbours: number,
): void {
  if (ks.length === 0) {
    throw evaluatorError('INVALID_OPTION', { message: 'kNN has no k', given: ks, expected: 'at least one' });
  }
  for (const k of ks) {
    requireInteger('kNN', 'k', k, 1);
    if (k <= neighbours) continue;
    throw evaluatorError('TOO_FEW_SAMPLES', {
      message: 'kNN has not so many neighbours',
      given: k,
      expected: `a whole number of 1 .. ${neighbours}`,
      remedy: 'Pass a smaller k',
    });
  }
  requirePositive('kNN', 'temperature', temperature);
  requireInteger('kNN', 'blockBytes', blockBytes, 1);
}
