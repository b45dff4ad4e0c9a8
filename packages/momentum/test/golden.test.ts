import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { FeatureQueue, MomentumEncoder } from '@protocl/momentum';

import { describeOnEveryBackend } from './everyBackend.js';
import { largestDifference, valuesOf } from './samples.js';

interface GoldenCase {
  seed: number;
  momentum: number;
  key: number[][];
  queue: number[][];
  queueAfter: number[][];
  queuePtrAfter: number;
  /** A matrix and a vector, as all three. */
  queryWeights: tf.TensorLike[];
  keyWeightsBefore: tf.TensorLike[];
  keyWeightsAfter: tf.TensorLike[];
}

const fixture = new URL('./fixtures/queueAndMomentum.json', import.meta.url);
const cases = JSON.parse(await readFile(fixture, 'utf8')) as GoldenCase[];

describeOnEveryBackend('the original implementation', () => {
  test.each(cases)('the queue after one push, seed $seed', (golden) => {
    const shape: [number, number] = [golden.queue.length, golden.queue[0]!.length];
    const queue = new FeatureQueue({ capacity: shape[0], dimension: shape[1], seed: 1 });
    const data = Float32Array.from(golden.queue.flat());
    queue.fromState({ tensors: { features: { dtype: 'float32', shape, data } }, values: { position: 0 } });
    tf.tidy(() => queue.push(tf.tensor2d(golden.key)));
    // A queue only moves values, so they are the very same.
    expect(valuesOf(queue.tensor())).toEqual([...Float32Array.from(golden.queueAfter.flat())]);
    expect(queue.position).toBe(golden.queuePtrAfter);
    queue.dispose();
  });

  test.each(cases)('the momentum update, seed $seed', (golden) => {
    const queries = golden.queryWeights.map((weights) => tf.variable(tf.tensor(weights)));
    const variables = golden.keyWeightsBefore.map((weights) => tf.variable(tf.tensor(weights)));
    const encoder = new MomentumEncoder(queries, { momentum: golden.momentum, variables });
    // Following begins at the query's weights; the fixture begins elsewhere.
    variables.forEach((variable, i) => variable.assign(tf.tensor(golden.keyWeightsBefore[i]!)));
    encoder.update();
    golden.keyWeightsAfter.forEach((weights, i) =>
      expect(
        largestDifference(valuesOf(encoder.variables[i] as Variable), valuesOf(tf.tensor(weights))),
      ).toBeLessThan(1e-7),
    );
    tf.dispose([queries, variables]);
  });
});
