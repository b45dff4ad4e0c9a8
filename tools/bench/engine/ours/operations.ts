import { nearestCentroid } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask, TaskParameters } from '../../harness/serve.js';
import { repeat } from './repeat.js';

/** The product of two matrices; `shape` is [rows, inner, columns]. */
export function prepareProduct(parameters: TaskParameters): PreparedTask {
  const [rows, inner, columns] = parameters['shape'] as [number, number, number];
  const a = tf.randomNormal<tf.Rank.R2>([rows, inner]);
  const b = tf.randomNormal<tf.Rank.R2>([inner, columns]);
  return repeat(() => tf.matMul(a, b).dispose());
}

/** The sum of two numbers, which takes nothing but the way to the operator. */
export function prepareAddition(): PreparedTask {
  const a = tf.tensor1d([1]);
  const b = tf.tensor1d([1]);
  return repeat(() => tf.add(a, b).dispose());
}

/** Squared distance to, and index of, the nearest centroid. */
export function prepareNearestCentroid(parameters: TaskParameters): PreparedTask {
  const { n, k, dimension } = parameters as Record<string, number>;
  const points = tf.randomNormal<tf.Rank.R2>([n!, dimension!]);
  const centroids = tf.randomNormal<tf.Rank.R2>([k!, dimension!]);
  return repeat(() => {
    const { indices, squaredDistances } = nearestCentroid(points, centroids);
    tf.dispose([indices, squaredDistances]);
  });
}
