import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { requireFinite, requireInteger, requireMatrix, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { nearestOthers } from '../neighbours/nearestOthers.js';
import { ofOrdinarySize } from '../neighbours/ofOrdinarySize.js';
import { attraction, divergence } from './attraction.js';
import { conditionalProbabilities } from './conditionalProbabilities.js';
import { descend, startDescent } from './gradientDescent.js';
import { pairProbabilities, type PairProbabilities } from './pairProbabilities.js';
import { principalPlane } from './principalPlane.js';
import { repulsion } from './repulsion.js';

/** How {@link tsne} embeds. The defaults are scikit-learn's. */
export interface TsneOptions {
  /** How many neighbours a point is to have, roughly: 1 or more, and fewer than n. Default 30. */
  readonly perplexity?: number;
  /** Steps at most, the first 250 of them with exaggeration. Default 1000. */
  readonly iterations?: number;
  /** Factor of the probabilities during the first 250 steps. Default 12. */
  readonly earlyExaggeration?: number;
  /** Of plain gradient descent on all points. Default `auto`: n / earlyExaggeration / 4, at least 50. */
  readonly learningRate?: number | 'auto';
  /** A gradient shorter than this ends the embedding. Default 1e-7. */
  readonly leastGradient?: number;
  /** Steps without a lower divergence, in fifties, after which it ends. Default 300. */
  readonly patience?: number;
  /**
   * Neighbours whose probabilities are not taken for 0. Default: all other points up to n of 1000, which is t-SNE
   * itself, and 3 · perplexity + 1 beyond, as Barnes-Hut t-SNE has it.
   */
  readonly neighbours?: number;
  /** An integer of 0 .. 2⁵³-1, of the random numbers in the search for the first plane. Default 0. */
  readonly seed?: number;
  /** Told after every 50 steps. */
  readonly onProgress?: (progress: TsneProgress) => void;
  /** Ends the embedding between two steps, with the signal's reason. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<TsneOptions> = {
  perplexity: true,
  iterations: true,
  earlyExaggeration: true,
  learningRate: true,
  leastGradient: true,
  patience: true,
  neighbours: true,
  seed: true,
  onProgress: true,
  signal: true,
};

/** How far an embedding is. */
export interface TsneProgress {
  /** The step, from 1. */
  readonly iteration: number;
  readonly iterations: number;
  /** The Kullback-Leibler divergence, without exaggeration, in nats. */
  readonly divergence: number;
  /** The length of the gradient, each coordinate times its gain. */
  readonly gradientLength: number;
}

/** What {@link tsne} finds. */
export interface TsneResult extends Evaluation {
  /** [n · 2], the point x, y of each sample. */
  readonly embedding: Float32Array;
  /** `divergence`: the Kullback-Leibler divergence in nats; `iterations`: the steps that were taken. */
  readonly scores: { readonly divergence: number; readonly iterations: number };
}

const EXAGGERATED_STEPS = 250;
const CHECK_STEPS = 50;
/** Steps after which other work of the process, such as an abort, gets its turn. */
const PAUSE_STEPS = 10;
/** Up to so many points every pair has its probability. */
const MOST_FOR_ALL_PAIRS = 1000;

/**
 * Embeds features in the plane so that neighbours stay neighbours.
 *
 * The repulsion is exact, between all pairs, on the active backend; the attraction is that of neighbours. Time grows
 * with n², memory with n, since no matrix of all pairs ever exists, at most blocks of one.
 *
 * @param features float32 [n, D], finite and of any scale, n at least 3; stays the caller's
 * @throws {EvaluatorError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE`, `EMPTY_SPLIT`, `NON_FINITE_FEATURES`,
 *   `TOO_FEW_SAMPLES` where there are no more samples than the perplexity; `UNKNOWN_OPTION`
 * @see van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008
 * @see Kobak and Berens, The art of using t-SNE for single-cell transcriptomics, 2019, for start and learning rate
 */
export async function tsne(features: tf.Tensor2D, options: TsneOptions = {}): Promise<TsneResult> {
  requireKnownOptions('tsne', options, OPTIONS);
  requireMatrix('tsne', 'features', features);
  const settings = resolve(features.shape[0], options);
  await requireFinite('tsne', 'features', features);
  const scaled = await ofOrdinarySize(features);
  try {
    const pairs = await pairsOf(scaled, settings, options.signal);
    const embedding = await principalPlane(scaled, settings.seed);
    return await embed(pairs, embedding, settings, options);
  } finally {
    scaled.dispose();
  }
}

async function embed(
  pairs: PairProbabilities,
  embedding: Float64Array,
  settings: Settings,
  options: TsneOptions,
): Promise<TsneResult> {
  const scores = await optimize(pairs, embedding, settings, options);
  return { embedding: Float32Array.from(embedding), scores, settings };
}

type Settings = ReturnType<typeof resolve>;

function resolve(n: number, options: TsneOptions) {
  const { perplexity = 30, iterations = 1000, earlyExaggeration = 12, leastGradient = 1e-7 } = options;
  const { patience = 300, seed = 0, learningRate = 'auto' } = options;
  requirePositive('tsne', 'perplexity', perplexity);
  if (perplexity < 1) throw tooSmallPerplexity(perplexity);
  if (n < 3 || perplexity >= n) throw tooFewSamples(n, perplexity);
  const fewest = Math.min(n - 1, Math.floor(3 * perplexity) + 1);
  const { neighbours = n <= MOST_FOR_ALL_PAIRS ? n - 1 : fewest } = options;
  requireInteger('tsne', 'neighbours', neighbours, Math.min(n - 1, Math.ceil(perplexity)), n - 1);
  requireInteger('tsne', 'iterations', iterations, 1);
  requirePositive('tsne', 'earlyExaggeration', earlyExaggeration);
  requirePositive('tsne', 'leastGradient', leastGradient, { zero: true });
  requireInteger('tsne', 'patience', patience, 1);
  requireInteger('tsne', 'seed', seed, 0);
  if (learningRate !== 'auto') requirePositive('tsne', 'learningRate', learningRate);
  return {
    perplexity,
    iterations,
    earlyExaggeration,
    learningRate: learningRate === 'auto' ? Math.max(n / earlyExaggeration / 4, 50) : learningRate,
    leastGradient,
    patience,
    neighbours,
    seed,
  };
}

function tooSmallPerplexity(perplexity: number): Error {
  return evaluatorError('INVALID_OPTION', {
    message: 'tsne cannot use this perplexity',
    given: perplexity,
    expected: 'a number of at least 1',
  });
}

function tooFewSamples(n: number, perplexity: number): Error {
  return evaluatorError('TOO_FEW_SAMPLES', {
    message: `tsne cannot give each of ${n} points ${perplexity} neighbours`,
    given: n,
    expected: `more samples than the perplexity of ${perplexity}, and 3 at least`,
    remedy: 'Choose a smaller perplexity, or use more samples',
  });
}

async function pairsOf(
  features: tf.Tensor2D,
  { neighbours, perplexity }: Settings,
  signal: AbortSignal | undefined,
): Promise<PairProbabilities> {
  const { indices, squaredDistances } = await nearestOthers(features, neighbours, signal);
  const conditional = conditionalProbabilities(squaredDistances, neighbours, perplexity);
  return pairProbabilities(indices, conditional, neighbours);
}

/** Moves the embedding, in place, to where the divergence is low. */
async function optimize(
  pairs: PairProbabilities,
  embedding: Float64Array,
  { iterations, earlyExaggeration, learningRate, leastGradient, patience }: Settings,
  { onProgress, signal }: TsneOptions,
): Promise<TsneResult['scores']> {
  let state = startDescent(embedding);
  const gradient = new Float64Array(embedding.length);
  let least = { divergence: Infinity, iteration: 0 };
  for (let iteration = 1; ; iteration++) {
    signal?.throwIfAborted();
    if (iteration % PAUSE_STEPS === 0) await tf.nextFrame();
    // The second part begins without momentum, as in scikit-learn.
    if (iteration === EXAGGERATED_STEPS + 1) state = startDescent(embedding);
    const isEarly = iteration <= EXAGGERATED_STEPS;
    const { forces, normalizer } = await repulsion(embedding);
    const isCheck = iteration % CHECK_STEPS === 0 || iteration === iterations;
    const current = isCheck ? divergence(pairs, embedding, normalizer) : NaN;
    attraction(pairs, embedding, gradient);
    const factor = isEarly ? earlyExaggeration : 1;
    for (let i = 0; i < gradient.length; i++) gradient[i] = 4 * (factor * gradient[i]! - forces[i]!);
    const gradientLength = descend(state, gradient, { learningRate, momentum: isEarly ? 0.5 : 0.8 });
    if (!isCheck) continue;
    onProgress?.({ iteration, iterations, divergence: current, gradientLength });
    if (current < least.divergence || isEarly) least = { divergence: current, iteration };
    const isStuck = iteration - least.iteration > patience || gradientLength <= leastGradient;
    // Without exaggeration the gradient is another one, so only the second part can be over.
    if (iteration === iterations || (isStuck && !isEarly))
      return { divergence: current, iterations: iteration };
  }
}
