import { randomStream } from '@protocl/core';
import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import type { Assigner, AssignerName, Assignment } from '../assigners/assigner.js';
import { useAssigner } from '../assigners/useAssigner.js';
import { requireFinite } from '../checks.js';
import { distantOrigin } from './distantOrigin.js';
import { lloyd, sumOf, type LloydResult } from './lloyd.js';
import { requireValid } from './requireValid.js';

/** How {@link kmeans} clusters. */
export interface KMeansOptions {
  /** Clusters: 1 .. n. */
  readonly k: number;
  /** Steps of each run at most. Default 20. */
  readonly iterations?: number;
  /** Runs from different seeds; the one with the lowest objective counts. Default 5. */
  readonly redo?: number;
  /** An integer of 0 .. 2⁵³-1. The same seed gives the same clusters. */
  readonly seed: number;
  /** Points for each centroid under which `log` is told a warning. Default 10. */
  readonly minPointsPerCentroid?: number;
  /** Centroids are found with at most k times as many points, drawn at random. Default 1000. */
  readonly maxPointsPerCentroid?: number;
  /**
   * How nearest centroids are found. Default `tensor`, which is exact and runs on the active backend. An assigner made
   * beforehand can be shared by several calls and stays open.
   */
  readonly assigner?: AssignerName | Assigner;
  /**
   * float32 [k', D] with k' of at most k: where to start, such as the centroids of the epoch before. Points drawn at
   * random are the rest. A start of all k centroids leaves nothing to draw, so there is one run then.
   */
  readonly initial?: tf.Tensor2D;
  /** Told warnings, in one line each. By default they go to stderr. */
  readonly log?: (line: string) => void;
  /** Told after each step of each run. */
  readonly onProgress?: (progress: KMeansProgress) => void;
  /** Ends the clustering between two steps, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The names of {@link KMeansOptions} that every function has which clusters by k-means. */
export const SHARED_OPTIONS: OptionNames<Omit<KMeansOptions, 'k'>> = {
  iterations: true,
  redo: true,
  seed: true,
  minPointsPerCentroid: true,
  maxPointsPerCentroid: true,
  assigner: true,
  initial: true,
  log: true,
  onProgress: true,
  signal: true,
};

/** How far a clustering is. */
export interface KMeansProgress {
  /** The run, from 1. */
  readonly redo: number;
  readonly redos: number;
  /** The step of the run, from 1. */
  readonly iteration: number;
  /** Steps that a run has at most. */
  readonly iterations: number;
  /** The sum of squared distances that the step began with. */
  readonly objective: number;
  /** Clusters that the step left without points, before others were split for them. */
  readonly emptyClusters: number;
}

/** What {@link kmeans} finds. */
export interface KMeansResult {
  /** float32 [k, D], for the caller to dispose. */
  readonly centroids: tf.Tensor2D;
  /** [n], the nearest centroid of each point. */
  readonly assignments: Int32Array;
  /** [n], the Euclidean distance to it, not squared. */
  readonly distances: Float32Array;
  /** The sum of the squared distances of the points that the centroids were found with. */
  readonly objective: number;
  /** Steps that the best run took. */
  readonly iterations: number;
}

/**
 * k-means with faiss's semantics: a subset of the points where there are many, k random points to start from, Lloyd's
 * steps with splits of large clusters for empty ones, and the best of several runs.
 *
 * A run ends early once its assignments no longer change, which changes no result. Fewer distinct points than k leave
 * clusters empty, which `log` is told.
 *
 * @param features float32 [n, D], finite; of any scale and anywhere, not only normalised. Stays the caller's
 * @throws {ClusteringError} `INVALID_OPTION`, `INVALID_SHAPE` or `INVALID_DTYPE` for arguments that do not fit,
 *   `TOO_FEW_POINTS` for k larger than n, `NON_FINITE_FEATURES` for NaN, Inf or values whose squares overflow
 * @see Johnson, Douze and Jégou, Billion-scale similarity search with GPUs, 2017, section 4.1
 */
export async function kmeans(features: tf.Tensor2D, options: KMeansOptions): Promise<KMeansResult> {
  requireKnownOptions('kmeans', options, { ...SHARED_OPTIONS, k: true });
  const { k, minPointsPerCentroid = 10, maxPointsPerCentroid = 1000, initial, log = printLine } = options;
  requireValid(features, options);
  await requireFinite('kmeans', 'features', features);
  if (initial !== undefined) await requireFinite('kmeans', 'initial centroids', initial);
  const [n] = features.shape;
  const chosen = n > k * maxPointsPerCentroid ? drawSubset(options, n, k * maxPointsPerCentroid) : undefined;
  if (n < k * minPointsPerCentroid) {
    log(
      `kmeans: ${n} points are few for ${k} clusters; ${k * minPointsPerCentroid} or more would be better ` +
        `(minPointsPerCentroid is ${minPointsPerCentroid})`,
    );
  }
  return useAssigner(options.assigner ?? 'tensor', async (assigner) => {
    const points = chosen === undefined ? features : gatherRows(features, chosen);
    try {
      const best = await bestRunAnywhere(points, assigner, options);
      try {
        const result = finish(best, await assigner.assign(features, best.centroids), chosen);
        warnOfEmpty(result.assignments, k, log);
        return result;
      } catch (error) {
        best.centroids.dispose();
        throw error;
      }
    } finally {
      if (points !== features) points.dispose();
    }
  });
}

function printLine(line: string): void {
  console.error(`[protocl] ${line}`);
}

function drawSubset({ seed }: KMeansOptions, n: number, count: number): Int32Array {
  return randomStream({ seed, purpose: 'kmeans: subset' }).permutation(n).slice(0, count);
}

/** The best run, found around the points where they lie far from 0. */
async function bestRunAnywhere(
  points: tf.Tensor2D,
  assigner: Assigner,
  options: KMeansOptions,
): Promise<LloydResult> {
  const origin = await distantOrigin(points);
  if (origin === undefined) return bestRun(points, assigner, options);
  const { initial } = options;
  const centred = tf.sub<tf.Tensor2D>(points, origin);
  const start = initial && tf.sub<tf.Tensor2D>(initial, origin);
  try {
    const best = await bestRun(centred, assigner, { ...options, ...(start && { initial: start }) });
    const centroids = tf.add<tf.Tensor2D>(best.centroids, origin);
    best.centroids.dispose();
    return { ...best, centroids };
  } finally {
    tf.dispose([origin, centred, start ?? []]);
  }
}

/** As in faiss, the best run is the one whose last step began with the lowest objective. */
async function bestRun(
  points: tf.Tensor2D,
  assigner: Assigner,
  options: KMeansOptions,
): Promise<LloydResult> {
  const { k, iterations = 20, redo = 5, seed, initial, onProgress, signal } = options;
  const redos = initial?.shape[0] === k ? 1 : redo;
  let best: LloydResult | undefined;
  try {
    for (let run = 0; run < redos; run += 1) {
      signal?.throwIfAborted();
      const result = await lloyd(points, startOf(points, options, run), {
        assigner,
        iterations,
        random: (iteration) => randomStream({ seed, purpose: 'kmeans: split', epoch: run, step: iteration }),
        onStep: (step) => {
          onProgress?.({ redo: run + 1, redos, iterations, ...step });
          signal?.throwIfAborted();
        },
      });
      const worse = best !== undefined && best.objective <= result.objective ? result : best;
      worse?.centroids.dispose();
      if (worse !== result) best = result;
    }
  } catch (error) {
    best?.centroids.dispose();
    throw error;
  }
  return best!;
}

/** The given centroids, and as many random points as are missing. */
function startOf(points: tf.Tensor2D, { k, seed, initial }: KMeansOptions, run: number): tf.Tensor2D {
  const given = initial?.shape[0] ?? 0;
  if (initial !== undefined && given === k) return tf.clone(initial);
  const order = randomStream({ seed, purpose: 'kmeans: start', epoch: run }).permutation(points.shape[0]);
  const drawn = gatherRows(points, order.slice(given, k));
  if (initial === undefined) return drawn;
  const start = tf.concat([initial, drawn], 0);
  drawn.dispose();
  return start;
}

function gatherRows(points: tf.Tensor2D, rows: Int32Array): tf.Tensor2D {
  return tf.tidy(() => tf.gather(points, tf.tensor1d(rows, 'int32')));
}

function finish(
  { centroids, iterations }: LloydResult,
  { indices, squaredDistances }: Assignment,
  chosen: Int32Array | undefined,
): KMeansResult {
  const trained =
    chosen === undefined ? squaredDistances : Float32Array.from(chosen, (row) => squaredDistances[row]!);
  return {
    centroids,
    assignments: indices,
    distances: squaredDistances.map(Math.sqrt),
    objective: sumOf(trained),
    iterations,
  };
}

function warnOfEmpty(assignments: Int32Array, k: number, log: (line: string) => void): void {
  const used = new Uint8Array(k);
  for (let i = 0; i < assignments.length; i += 1) used[assignments[i]!] = 1;
  const empty = used.reduce((count, isUsed) => count + (1 - isUsed), 0);
  if (empty > 0) {
    log(`kmeans: ${empty} of ${k} clusters have no points; there may be fewer distinct points than clusters`);
  }
}
