import * as tf from '@tensorflow/tfjs-core';

import { aroundCentre, centreOfAlike, directionsOf } from '../neighbours/directions.js';
import { knnBlocks } from './knnBlocks.js';

/** The nearest neighbours of each query, the most similar first. */
export interface NearestNeighbours {
  /** float32 [N, k]: cosine similarities, from `zero` on. */
  readonly similarities: Float32Array;
  /** 0; or 1 where all similarities are close to 1, which would take their digits. */
  readonly zero: 0 | 1;
  /** int32 [N, k]: rows of the neighbours. */
  readonly indices: Int32Array;
}

/**
 * Finds the `k` most similar neighbours of each query by cosine.
 *
 * Beside the features it takes 8 N k bytes on the host and, on the engine, one normalized block of each
 * set and a few times `blockBytes`.
 *
 * @param neighbours float32 [n, D]; need not be normalized, and can be of any scale
 * @param queries float32 [N, D]
 * @param k 1 .. n
 * @returns arrays of the host; no tensor is kept
 */
export async function nearestNeighbours(
  neighbours: tf.Tensor2D,
  queries: tf.Tensor2D,
  k: number,
  blockBytes: number,
): Promise<NearestNeighbours> {
  const [n] = neighbours.shape;
  const [count] = queries.shape;
  const blocks = knnBlocks({ neighbours: n, queries: count }, blockBytes);
  const centre = await centreOf(neighbours);
  const found = {
    similarities: new Float32Array(count * k).fill(-Infinity),
    indices: new Int32Array(count * k).fill(-1),
  };
  const rowsOf = (features: tf.Tensor2D, first: number, size: number, side: 'asked' | 'known') =>
    tf.tidy(() => {
      const directions = directionsOf(tf.slice(features, [first, 0], [size, -1]));
      return centre ? aroundCentre(directions, centre, side) : directions;
    });
  for (let first = 0; first < n; first += blocks.neighbours) {
    const size = Math.min(blocks.neighbours, n - first);
    const bank = rowsOf(neighbours, first, size, 'known');
    try {
      for (let start = 0; start < count; start += blocks.queries) {
        const nearest = tf.tidy(() => {
          const block = rowsOf(queries, start, Math.min(blocks.queries, count - start), 'asked');
          return tf.topk(tf.matMul<tf.Tensor2D>(block, bank, false, true), Math.min(k, size));
        });
        const [similarities, indices] = await Promise.all([
          nearest.values.data<'float32'>(),
          nearest.indices.data<'int32'>(),
        ]);
        tf.dispose([nearest.values, nearest.indices]);
        merge(found, k, start, { similarities, indices }, Math.min(k, size), first);
      }
    } finally {
      bank.dispose();
    }
  }
  centre?.dispose();
  return { ...found, zero: centre ? 1 : 0 };
}

type Found = Pick<NearestNeighbours, 'similarities' | 'indices'>;

/** Merges what a block found, whose rows begin at `first`, into what was found before, from query `start` on. */
function merge(found: Found, k: number, start: number, block: Found, width: number, first: number): void {
  const similarities = new Float32Array(k);
  const indices = new Int32Array(k);
  const rows = block.similarities.length / width;
  for (let row = 0; row < rows; row++) {
    let [before, now] = [(start + row) * k, row * width];
    const [begin, end] = [before, now + width];
    for (let rank = 0; rank < k; rank++) {
      // Of equally similar neighbours the earlier row goes first, as within one block.
      const isNew = now < end && block.similarities[now]! > found.similarities[before]!;
      similarities[rank] = isNew ? block.similarities[now]! : found.similarities[before]!;
      indices[rank] = isNew ? first + block.indices[now++]! : found.indices[before++]!;
    }
    found.similarities.set(similarities, begin);
    found.indices.set(indices, begin);
  }
}

/** Neighbours that tell whether all are alike: any centre will do that is among them, and it costs nothing beside all. */
const LOOKED_AT = 512;

async function centreOf(neighbours: tf.Tensor2D): Promise<tf.Tensor2D | undefined> {
  const count = Math.min(LOOKED_AT, neighbours.shape[0]);
  const directions = tf.tidy(() => directionsOf(tf.slice(neighbours, [0, 0], [count, -1])));
  try {
    return await centreOfAlike(directions);
  } finally {
    directions.dispose();
  }
}
