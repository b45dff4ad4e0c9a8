import { extname } from 'node:path';

import { useBackend } from '@protocl/backend';
import { clusterPurity, kmeans, normalizedMutualInformation } from '@protocl/clustering';
import { requireKnownOptions, writeFileAtomic, type OptionNames } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';
import { normalizedRows } from '../evaluation/normalizedRows.js';
import { EMBED_OPTIONS, featuresOf, type EmbedOptions } from './embed.js';
import { isFeatureFile, readFeatures, type HostFeatures } from './featureFile.js';

export interface ClusterOptions extends EmbedOptions {
  /** The number of clusters of each clustering. */
  readonly granularities: readonly number[];
  /** Of k-means; 0 by default. */
  readonly seed?: number;
  /** Of one k-means; 20 by default. */
  readonly iterations?: number;
  /** Starts of k-means, of which the best counts; 5 by default. */
  readonly redo?: number;
  /** Whether features are brought to length 1 first; true by default. */
  readonly normalize?: boolean;
  /** The engine for features from a file; a checkpoint names its own. `auto` by default. */
  readonly backend?: Parameters<typeof useBackend>[0];
}

const OPTIONS: OptionNames<ClusterOptions> = {
  ...EMBED_OPTIONS,
  granularities: true,
  seed: true,
  iterations: true,
  redo: true,
  normalize: true,
  backend: true,
};

/** One clustering of some features. */
export interface Clustering {
  /** The number of clusters. */
  readonly k: number;
  /** Mean squared distance of a feature to its centroid. */
  readonly meanSquaredDistance: number;
  /** Features in each cluster, [k]. */
  readonly sizes: readonly number[];
  /** The share of features whose class is the commonest of their cluster; without classes undefined. */
  readonly purity?: number;
  /** Normalised mutual information of clusters and classes. */
  readonly mutualInformation?: number;
  /** The cluster of each feature, [n]. */
  readonly assignments: readonly number[];
}

/**
 * Clusters features by k-means.
 *
 * @param input a file of features (`.npy`, or safetensors with a tensor `features`), a checkpoint, or
 *   the folder of a run
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_FEATURES`; what k-means, `openCheckpoint` and the data throw
 */
export async function cluster(input: string, options: ClusterOptions): Promise<Clustering[]> {
  requireKnownOptions('cluster', options, OPTIONS);
  const { granularities, seed = 0, iterations = 20, redo = 5, normalize = true, signal, log } = options;
  const { features: values, shape, labels } = await hostFeatures(input, options);
  const features = tf.tidy(() => {
    const given = tf.tensor2d(values, [...shape]);
    return normalize ? normalizedRows(given) : given;
  });
  try {
    const clusterings: Clustering[] = [];
    for (const k of granularities) {
      const found = await kmeans(features, {
        k,
        seed,
        iterations,
        redo,
        ...(log && { log }),
        ...(signal && { signal }),
      });
      found.centroids.dispose();
      const { assignments, distances } = found;
      clusterings.push({
        k,
        meanSquaredDistance: distances.reduce((sum, distance) => sum + distance ** 2, 0) / distances.length,
        sizes: sizesOf(assignments, k),
        ...(labels instanceof Int32Array && {
          purity: clusterPurity(assignments, labels),
          mutualInformation: normalizedMutualInformation(assignments, labels),
        }),
        assignments: Array.from(assignments),
      });
    }
    return clusterings;
  } finally {
    features.dispose();
  }
}

/** Writes clusterings as JSON. */
export async function writeClusterings(path: string, clusterings: readonly Clustering[]): Promise<void> {
  requireJson(path);
  await writeFileAtomic(path, `${JSON.stringify({ clusterings })}\n`);
}

/** @throws {ProtoclError} `INVALID_OPTION` unless the path is one for clusterings */
export function requireJson(path: string): void {
  if (extname(path).toLowerCase() === '.json') return;
  throw pipelineError('INVALID_OPTION', {
    message: 'clusterings are not kept in such a file',
    given: path,
    expected: 'a name that ends in .json',
  });
}

async function hostFeatures(input: string, options: ClusterOptions): Promise<HostFeatures> {
  if (!(await isFeatureFile(input))) return (await featuresOf(input, options)).host;
  const features = await readFeatures(input);
  await useBackend(options.backend ?? 'auto', { log: options.log ?? (() => undefined) });
  return features;
}

function sizesOf(assignments: Int32Array, k: number): number[] {
  const sizes = new Array<number>(k).fill(0);
  for (const assignment of assignments) sizes[assignment]!++;
  return sizes;
}
