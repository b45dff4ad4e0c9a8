import {
  adjustedMutualInformation,
  adjustedRandIndex,
  clusterPurity,
  contingency,
  normalizedMutualInformation,
} from '@protocl/clustering';

import { emptySplit } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Evaluation } from '../evaluation.js';
import { valuesOf, type ClassLabels } from '../labels.js';
import { hungarianAccuracy } from './hungarianAccuracy.js';

/** What {@link clusteringScores} finds. */
export interface ClusteringScores extends Evaluation {
  readonly scores: {
    readonly adjustedMutualInformation: number;
    readonly normalizedMutualInformation: number;
    readonly adjustedRandIndex: number;
    /** The share of samples in the most frequent class of their cluster; grows with the number of clusters. */
    readonly purity: number;
    /** The share of samples that the best matching of clusters to classes, one to one, has right. */
    readonly hungarianAccuracy: number;
  };
  /** Samples, and the clusters and classes that have any. */
  readonly settings: { readonly samples: number; readonly clusters: number; readonly classes: number };
}

/**
 * Scores clusters against classes. Names of clusters and classes do not matter. The information scores are relative to
 * the mean of the two entropies, as scikit-learn's are by default.
 *
 * @param assignments [n], the cluster of each sample: whole numbers in an array, a typed array or a tensor
 * @param labels [n], the class of each sample, in the same ways
 * @throws {EvaluatorError} `EMPTY_SPLIT` without samples, `INVALID_SHAPE` where the two differ in length,
 *   `INVALID_LABELS` for a value that is not a whole number
 */
export async function clusteringScores(
  assignments: ClassLabels,
  labels: ClassLabels,
): Promise<ClusteringScores> {
  return scoresOf(
    await valuesOf('clusteringScores', 'assignments', assignments),
    await valuesOf('clusteringScores', 'samples', labels),
  );
}

function scoresOf(assignments: ArrayLike<number>, labels: ArrayLike<number>): ClusteringScores {
  if (assignments.length === 0) throw emptySplit('clusteringScores', 'assignments');
  if (assignments.length !== labels.length) {
    throw evaluatorError('INVALID_SHAPE', {
      message: 'clusteringScores needs a cluster and a class for each sample',
      given: `${assignments.length} assignments, ${labels.length} labels`,
      expected: 'as many of each',
    });
  }
  requireWhole('assignment', assignments);
  requireWhole('label', labels);
  const table = contingency(assignments, labels);
  return {
    scores: {
      adjustedMutualInformation: adjustedMutualInformation(assignments, labels),
      normalizedMutualInformation: normalizedMutualInformation(assignments, labels),
      adjustedRandIndex: adjustedRandIndex(assignments, labels),
      purity: clusterPurity(assignments, labels),
      hungarianAccuracy: hungarianAccuracy(table),
    },
    settings: {
      samples: table.n,
      clusters: table.clusterSizes.length,
      classes: table.classSizes.length,
    },
  };
}

function requireWhole(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isSafeInteger(values[i])) continue;
    throw evaluatorError('INVALID_LABELS', {
      message: `clusteringScores cannot use the ${name} of sample ${i}`,
      given: values[i],
      expected: 'a whole number',
    });
  }
}
