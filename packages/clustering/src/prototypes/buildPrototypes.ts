import { randomStream, requireKnownOptions, type OptionNames } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { useAssigner } from '../assigners/useAssigner.js';
import { requireMatrix } from '../checks.js';
import { clusteringError } from '../errors.js';
import { kmeans, SHARED_OPTIONS, type KMeansOptions } from '../kmeans/kmeans.js';
import { concentration } from './concentration.js';
import type { ConcentrationOptions } from './concentration.js';

/** The clusters of one granularity. The tensors are the caller's to dispose. */
export interface Prototypes {
  /** float32 [k, D], rows of length 1. */
  readonly centroids: tf.Tensor2D;
  /** [n], the prototype of each sample. */
  readonly assignments: Int32Array;
  /** [n], of each sample to its prototype before that was normalised: Euclidean, not squared. */
  readonly distances: Float32Array;
  /** float32 [k], the temperature of each prototype. */
  readonly concentration: tf.Tensor1D;
}

/** How {@link buildPrototypes} clusters: the options of k-means and of the concentration, except as said here. */
export interface PrototypeOptions
  extends Omit<KMeansOptions, 'k' | 'initial' | 'onProgress'>, Omit<ConcentrationOptions, 'length'> {
  /** The numbers of clusters, one k-means each. */
  readonly granularities: readonly number[];
  /** For each granularity, where its k-means starts; nothing where it starts from random points. */
  readonly initial?: readonly (tf.Tensor2D | undefined)[];
  /** Told after each step; `granularity` is the index of the one at work. */
  readonly onProgress?: (
    progress: Parameters<NonNullable<KMeansOptions['onProgress']>>[0] & { readonly granularity: number },
  ) => void;
}

const OPTIONS: OptionNames<PrototypeOptions> = {
  ...SHARED_OPTIONS,
  granularities: true,
  alpha: true,
  temperature: true,
  clip: true,
};

/** Features whose length is looked at. */
const SAMPLE = 1024;
const LENGTH_TOLERANCE = 1e-3;

/**
 * The E-step of prototypical contrastive learning: one k-means per granularity, centroids normalised afterwards, and
 * the concentration of each cluster from the distances before that.
 *
 * Each granularity has a seed of its own that follows from `seed` and its index. The features are clustered in a random
 * order, so that an order by class cannot show in the clusters.
 *
 * @param features float32 [n, D], L2-normalised, in the order of the dataset; stays the caller's
 * @returns the prototypes of each granularity, in the order of `granularities`; their tensors are the caller's to dispose
 * @throws {ClusteringError} `NOT_NORMALIZED` if the features do not have length 1, and all that `kmeans` and
 *   `concentration` throw
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning, ICLR 2021, algorithm 1
 */
export async function buildPrototypes(
  features: tf.Tensor2D,
  options: PrototypeOptions,
): Promise<Prototypes[]> {
  requireKnownOptions('buildPrototypes', options, OPTIONS);
  const {
    granularities,
    initial,
    onProgress,
    assigner = 'tensor',
    alpha,
    temperature,
    clip,
    ...shared
  } = options;
  requireMatrix('buildPrototypes', 'features', features);
  requireGranularities(granularities, initial);
  await requireNormalized(features);
  const order = randomStream({ seed: shared.seed, purpose: 'prototypes: order' }).permutation(
    features.shape[0],
  );
  const shuffled = tf.tidy(() => tf.gather(features, tf.tensor1d(order, 'int32')));
  const prototypes: Prototypes[] = [];
  try {
    await useAssigner(assigner, async (open) => {
      for (const [granularity, k] of granularities.entries()) {
        const start = initial?.[granularity];
        const clusters = await kmeans(shuffled, {
          ...shared,
          k,
          seed: seedOf(shared.seed, granularity),
          assigner: open,
          ...(start !== undefined && { initial: start }),
          ...(onProgress !== undefined && {
            onProgress: (progress) => onProgress({ ...progress, granularity }),
          }),
        });
        try {
          const spread = concentration(clusters.distances, clusters.assignments, k, {
            temperature,
            length: 1,
            ...(alpha !== undefined && { alpha }),
            ...(clip !== undefined && { clip }),
          });
          prototypes.push({
            centroids: normalized(clusters.centroids),
            assignments: inOriginalOrder(clusters.assignments, order, new Int32Array(order.length)),
            distances: inOriginalOrder(clusters.distances, order, new Float32Array(order.length)),
            concentration: tf.tensor1d(spread),
          });
        } finally {
          clusters.centroids.dispose();
        }
      }
    });
    return prototypes;
  } catch (error) {
    for (const { centroids, concentration: spread } of prototypes) tf.dispose([centroids, spread]);
    throw error;
  } finally {
    shuffled.dispose();
  }
}

/** Different for each granularity: the first draws of the same points would make their clusters alike. */
function seedOf(seed: number, granularity: number): number {
  return randomStream({ seed, purpose: 'prototypes: granularity', step: granularity }).integers(
    1,
    2 ** 31,
  )[0]!;
}

function normalized(centroids: tf.Tensor2D): tf.Tensor2D {
  // Opposite points have a mean of zero, which has no direction and stays where it is.
  return tf.tidy(() => tf.div(centroids, tf.maximum(tf.norm(centroids, 2, 1, true), 1e-12)));
}

function inOriginalOrder<A extends Int32Array | Float32Array>(
  shuffled: A,
  order: Int32Array,
  original: A,
): A {
  for (let i = 0; i < order.length; i += 1) original[order[i]!] = shuffled[i]!;
  return original;
}

async function requireNormalized(features: tf.Tensor2D): Promise<void> {
  const [n] = features.shape;
  const count = Math.min(n, SAMPLE);
  const rows = Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const norms = tf.tidy(() => tf.norm(tf.gather(features, tf.tensor1d(rows, 'int32')), 2, 1));
  const lengths = await norms.data();
  norms.dispose();
  const at = lengths.findIndex((length) => Math.abs(length - 1) > LENGTH_TOLERANCE);
  if (at === -1) return;
  throw clusteringError('NOT_NORMALIZED', {
    message: `buildPrototypes clusters normalised features, and row ${rows[at]} has another length`,
    given: lengths[at],
    expected: '1',
    remedy: 'Divide each row by its Euclidean length, and find out why there are rows of zeros if there are',
  });
}

function requireGranularities(granularities: readonly number[], initial: PrototypeOptions['initial']): void {
  if (granularities.length === 0) {
    throw clusteringError('INVALID_OPTION', {
      message: 'buildPrototypes needs at least one granularity',
      given: granularities,
      expected: 'numbers of clusters',
    });
  }
  if (initial !== undefined && initial.length !== granularities.length) {
    throw clusteringError('INVALID_OPTION', {
      message: 'buildPrototypes takes a start, or undefined, for each granularity',
      given: `${initial.length} starts for ${granularities.length} granularities`,
      expected: 'as many of each',
    });
  }
}
