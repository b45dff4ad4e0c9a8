import { extname } from 'node:path';

import { useBackend } from '@protocl/backend';
import {
  adjustedMutualInformation,
  adjustedRandIndex,
  clusterPurity,
  kmeans,
  normalizedMutualInformation,
} from '@protocl/clustering';
import { requireKnownOptions, writeFileAtomic, type OptionNames } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';
import { normalizedRows } from '../evaluation/normalizedRows.js';
import { EMBED_OPTIONS, featuresOf, type EmbedOptions } from './embed.js';
import { openClusterTable, withClusters } from './clusterTable.js';
import { isFeatureFile, readFeatures, type HostFeatures } from './featureFile.js';
import { tableBeside, writeTable } from './imageTable.js';

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
  /** With a file of features, the file of their classes, a `.npy`; by default those in it or beside it. */
  readonly labels?: string;
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
  labels: true,
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
  /** The same adjusted for chance: 0 for clusters that say nothing of classes, however many there are. */
  readonly adjustedMutualInformation?: number;
  /** The Rand index of clusters and classes, adjusted for chance. */
  readonly adjustedRandIndex?: number;
  /** The cluster of each feature, [n]. */
  readonly assignments: readonly number[];
  /** The distance of each feature to its centroid, [n]. */
  readonly distances: readonly number[];
}

/**
 * Clusters features by k-means.
 *
 * @param input a file of features (`.npy`, or safetensors with a tensor `features`), a checkpoint, or
 *   the folder of a run
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_FEATURES`; `INVALID_OPTION` for a file of classes with a
 *   checkpoint; what k-means, `openCheckpoint` and the data throw
 */
export async function cluster(input: string, options: ClusterOptions): Promise<Clustering[]> {
  requireKnownOptions('cluster', options, OPTIONS);
  return clusterFeatures(await hostFeatures(input, options), options);
}

/**
 * Clusters features as {@link cluster} does, and writes the cluster of each, and its distance to the centroid, into a
 * CSV: the one with the paths of the images that is beside the features, or one of its own.
 *
 * @param table the CSV to write; by default that beside a file of features, and none for a checkpoint
 * @returns the clusterings, and the CSV that was written; none where a file of another kind has its name
 * @throws {ProtoclError} as {@link cluster}; `INVALID_FEATURES` before anything is computed, if the CSV beside has
 *   other rows than the features; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function clusterIntoTable(
  input: string,
  options: ClusterOptions,
  table?: string,
): Promise<{ readonly clusterings: readonly Clustering[]; readonly table?: string }> {
  const features = await hostFeatures(input, options);
  const beside = (await isFeatureFile(input)) ? tableBeside(input) : undefined;
  const [rows] = features.shape;
  const opened = await openClusterTable({ beside, out: table, rows });
  const clusterings = await clusterFeatures(features, options);
  if (opened === undefined) {
    if (beside !== undefined) options.log?.(`${beside} is of another kind, and stays as it is`);
    return { clusterings };
  }
  await writeTable(opened.path, withClusters(opened.table, clusterings));
  return { clusterings, table: opened.path };
}

async function clusterFeatures(
  { features: values, shape, labels }: HostFeatures,
  options: ClusterOptions,
): Promise<Clustering[]> {
  const { granularities, seed = 0, iterations = 20, redo = 5, normalize = true, signal, log } = options;
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
          adjustedMutualInformation: adjustedMutualInformation(assignments, labels),
          adjustedRandIndex: adjustedRandIndex(assignments, labels),
        }),
        assignments: Array.from(assignments),
        distances: Array.from(distances),
      });
    }
    return clusterings;
  } finally {
    features.dispose();
  }
}

/** Writes clusterings as JSON. */
export async function writeClusterings(path: string, clusterings: readonly Clustering[]): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ clusterings })}\n`);
}

/**
 * The kind of file that a path for clusterings names.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if it is none for them
 */
export function clusterFormat(path: string): 'json' | 'csv' {
  const format = extname(path).toLowerCase();
  if (format === '.json' || format === '.csv') return format === '.json' ? 'json' : 'csv';
  throw pipelineError('INVALID_OPTION', {
    message: 'clusterings are not kept in such a file',
    given: path,
    expected: 'a name that ends in .json or .csv',
  });
}

async function hostFeatures(input: string, options: ClusterOptions): Promise<HostFeatures> {
  const { labels, backend = 'auto', log = () => undefined, ...others } = options;
  if (!(await isFeatureFile(input))) {
    if (labels === undefined) return (await featuresOf(input, { ...others, log })).host;
    throw pipelineError('INVALID_OPTION', {
      message: 'a checkpoint’s images bring their own classes',
      given: `labels ${labels}`,
      expected: 'a file of features',
      remedy: 'Write one by `protocl embed`',
    });
  }
  const features = await readFeatures(input, labels);
  if (labels !== undefined && !(features.labels instanceof Int32Array)) {
    throw pipelineError('INVALID_FEATURES', {
      message: 'clusters are compared with one class of each image, and these have several',
      given: labels,
      expected: `whole numbers of shape [${features.shape[0]}]`,
    });
  }
  await useBackend(backend, { log });
  return features;
}

function sizesOf(assignments: Int32Array, k: number): number[] {
  const sizes = new Array<number>(k).fill(0);
  for (const assignment of assignments) sizes[assignment]!++;
  return sizes;
}
