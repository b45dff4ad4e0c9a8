import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';
import { classCount, requireFeatures } from './checkFeatures.js';

export interface KnnOptions {
  /** Neighbours that vote; 200 by default. */
  readonly k?: number;
  /** A neighbour's vote weighs exp(cosine similarity / temperature); 0.1 by default. */
  readonly temperature?: number;
  /** Bytes of similarities that are held at once; 64 MiB by default. */
  readonly blockBytes?: number;
}

/** Features with the classes of their images. */
export interface LabelledFeatures {
  /** float32 [n, D]; need not be normalised. */
  readonly features: tf.Tensor2D;
  /** int32 [n], from 0. */
  readonly labels: Int32Array;
}

/**
 * The share of held-out images whose class is voted for by their nearest training images: the `k`
 * most similar by cosine, each with the weight exp(similarity / temperature). Of classes with equally
 * many votes the first wins.
 *
 * Source: Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
 * CVPR 2018, section 3.4.
 *
 * @param train the images that vote, [n, D]
 * @param test the images to classify, [N, D]
 * @returns 0 .. 1; no tensor is kept
 * @throws {ProtoclError} `INVALID_SHAPE`, `INVALID_FEATURES`; `INVALID_OPTION` if k is not in 1 .. n
 */
export async function knnAccuracy(
  train: LabelledFeatures,
  test: LabelledFeatures,
  { k = 200, temperature = 0.1, blockBytes = 64 * 2 ** 20 }: KnnOptions = {},
): Promise<number> {
  requireFeatures('training', train.features, train.labels);
  requireFeatures('held-out', test.features, test.labels, train.features.shape[1]);
  const [neighbours] = train.features.shape;
  const [queries] = test.features.shape;
  requireOptions(k, temperature, neighbours);
  const classes = classCount(train.labels);
  const rows = Math.max(1, Math.floor(blockBytes / (4 * neighbours)));
  const bank = tf.tidy(() => normalized(train.features));
  let correct = 0;
  try {
    for (let start = 0; start < queries; start += rows) {
      const count = Math.min(rows, queries - start);
      const nearest = tf.tidy(() => {
        const block = normalized(tf.slice(test.features, [start, 0], [count, -1]));
        return tf.topk(tf.matMul(block, bank, false, true), k);
      });
      const [similarities, indices] = await Promise.all([
        nearest.values.data<'float32'>(),
        nearest.indices.data<'int32'>(),
      ]);
      tf.dispose([nearest.values, nearest.indices]);
      for (let query = 0; query < count; query++) {
        const votes = new Float64Array(classes);
        for (let rank = query * k; rank < (query + 1) * k; rank++) {
          // One less than the similarity keeps the exponential in range at low temperatures.
          votes[train.labels[indices[rank]!]!]! += Math.exp((similarities[rank]! - 1) / temperature);
        }
        if (votes.indexOf(Math.max(...votes)) === test.labels[start + query]) correct++;
      }
    }
  } finally {
    bank.dispose();
  }
  return correct / queries;
}

function normalized(features: tf.Tensor2D): tf.Tensor2D {
  // A feature of zeros stays one, and is equally unlike all others.
  return tf.div(features, tf.maximum(tf.norm(features, 2, 1, true), 1e-12));
}

function requireOptions(k: number, temperature: number, neighbours: number): void {
  if (!Number.isInteger(k) || k < 1 || k > neighbours) {
    throw pipelineError('INVALID_OPTION', {
      message: 'there are not so many neighbours',
      given: k,
      expected: `an integer in 1 .. ${neighbours}`,
      remedy: 'Pass a smaller k',
    });
  }
  if (!(temperature > 0) || !Number.isFinite(temperature)) {
    throw pipelineError('INVALID_OPTION', {
      message: 'the temperature cannot be used',
      given: temperature,
      expected: 'a number above 0',
    });
  }
}
