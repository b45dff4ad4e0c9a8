import type { RandomStream } from '@protocl/core';
import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { searchOver, type Assigner } from '../assigners/assigner.js';
import { clusteringError } from '../errors.js';
import { updateCentroids } from './updateCentroids.js';

/** How one run of Lloyd's algorithm is made. */
export interface LloydOptions {
  readonly assigner: Assigner;
  /** Steps at most. */
  readonly iterations: number;
  /** The random stream of a step. */
  readonly random: (iteration: number) => RandomStream;
  /** Told after each step; what it throws ends the run. */
  readonly onStep: (step: LloydStep) => void;
}

/** What a step has found. */
export interface LloydStep {
  /** From 1. */
  readonly iteration: number;
  /** The sum of the squared distances to the centroids that the step began with. */
  readonly objective: number;
  /** Clusters without points. */
  readonly emptyClusters: number;
}

/** Where a run has ended. */
export interface LloydResult {
  /** float32 [k, D], for the caller to dispose. */
  readonly centroids: tf.Tensor2D;
  readonly objective: number;
  readonly iterations: number;
}

/**
 * Assigns points to their nearest centroids and moves the centroids to the means of their points, in turn, until that
 * changes no assignment or there were enough steps. Points stay the caller's; `start` is disposed. Points that lie far
 * from 0, beside what they differ by, are to be centred first, as `kmeans` does.
 *
 * @throws {ClusteringError} `NON_FINITE_FEATURES` where a distance overflows
 */
export async function lloyd(
  points: tf.Tensor2D,
  start: tf.Tensor2D,
  options: LloydOptions,
): Promise<LloydResult> {
  requireKnownOptions('lloyd', options, { assigner: true, iterations: true, random: true, onStep: true });
  const { assigner, iterations, random, onStep } = options;
  let centroids = start;
  let previous: Int32Array | undefined;
  let emptyClusters = 0;
  const search = searchOver(assigner, points);
  try {
    for (let iteration = 1; ; iteration += 1) {
      const assignment = await search.assign(centroids);
      const objective = sumOf(assignment.squaredDistances);
      requireFiniteObjective(objective);
      // The means of the same points are the same: every further step would repeat this one.
      if (previous !== undefined && areEqual(previous, assignment.indices)) {
        onStep({ iteration, objective, emptyClusters });
        return { centroids, objective, iterations: iteration };
      }
      const update = await updateCentroids(points, centroids, assignment, () => random(iteration));
      centroids.dispose();
      centroids = update.centroids;
      // A split moves centroids for the same points.
      previous = update.splits === 0 ? assignment.indices : undefined;
      emptyClusters = update.empty;
      onStep({ iteration, objective, emptyClusters });
      if (iteration === iterations) return { centroids, objective, iterations };
      // Lets timers and signals through, so that a run can be aborted.
      await tf.nextFrame();
    }
  } catch (error) {
    centroids.dispose();
    throw error;
  } finally {
    search.dispose();
  }
}

/** The sum in float64. */
export function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]!;
  return sum;
}

function areEqual(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

function requireFiniteObjective(objective: number): void {
  if (Number.isFinite(objective)) return;
  throw clusteringError('NON_FINITE_FEATURES', {
    message: 'kmeans cannot compute the distances between these features in float32',
    given: `a sum of squared distances of ${objective}`,
    expected: 'features whose squares are finite, such as L2-normalised ones',
    remedy: 'Scale the features down',
  });
}
