import { join } from 'node:path';

import { randomStream, writeFileAtomic } from '@protocl/core';

import type { EvaluatorTask } from './cases.js';

/** What is written, for the largest of several tasks. */
export type Blobs = Pick<EvaluatorTask, 'n' | 'heldOut' | 'dimension' | 'classes' | 'clusters'>;

/** Dimensions that tell the classes apart, and the distance of class centers in them, in deviations. */
const TELLING = 32;
const SEPARATION = 0.5;
/** The share of samples whose cluster says nothing about their class. */
const WRONG_CLUSTERS = 0.3;

/** The files that both sides read. */
export function blobFiles(folder: string) {
  return {
    /** float32 [n + heldOut, dimension]; the last `heldOut` are to judge by. */
    features: join(folder, 'features.bin'),
    /** int32 [n + heldOut]. */
    labels: join(folder, 'labels.bin'),
    /** int32 [n]. */
    clusters: join(folder, 'clusters.bin'),
  };
}

/**
 * Writes overlapping classes as an encoder gives them: features of length 1, with a variance that falls from dimension
 * to dimension, each class a Gaussian around its own center; and clusters, most of which lie within a class.
 */
export async function writeBlobs(folder: string, blobs: Blobs): Promise<void> {
  const { n, heldOut, dimension, classes, clusters } = blobs;
  const random = randomStream({ seed: 1, purpose: 'bench: evaluators' });
  const telling = Math.min(TELLING, dimension);
  const centers = random.normal(classes * telling);
  const labels = random.integers(n + heldOut, classes);
  const features = random.normal((n + heldOut) * dimension);
  labels.forEach((label, row) => {
    const values = features.subarray(row * dimension, (row + 1) * dimension);
    for (let d = 0; d < telling; d++) values[d]! += SEPARATION * centers[label * telling + d]!;
    let squares = 0;
    for (let d = 0; d < dimension; d++) squares += (values[d]! /= Math.sqrt(1 + d)) ** 2;
    for (let d = 0; d < dimension; d++) values[d]! /= Math.sqrt(squares);
  });
  const assignments = random.integers(n, clusters);
  random.uniform(n).forEach((share, i) => {
    if (share < WRONG_CLUSTERS) return;
    const within = Math.floor(clusters / classes);
    assignments[i] = labels[i]! * within + (assignments[i]! % within);
  });
  const files = blobFiles(folder);
  await writeFileAtomic(files.features, new Uint8Array(features.buffer));
  await writeFileAtomic(files.labels, new Uint8Array(labels.buffer));
  await writeFileAtomic(files.clusters, new Uint8Array(assignments.buffer));
}
