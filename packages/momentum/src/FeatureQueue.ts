import { requireKnownOptions } from '@protocl/core/options';
import { requireMemory } from '@protocl/core/memory';
import { randomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

import { disposedError, momentumError } from './errors.js';
import { mismatch, readTensors, tensorsOfState } from './state.js';
import type { JsonValue, State } from './state.js';
import { unrecorded } from './unrecorded.js';

/** What a {@link FeatureQueue} is made with. */
export interface FeatureQueueOptions {
  /** How many keys it holds: K. */
  readonly capacity: number;
  /** The size of a key: D. */
  readonly dimension: number;
  /** The seed of the random unit vectors that it holds before any key, 0 to 2⁵³-1. */
  readonly seed: number;
}

/**
 * The queue of keys that serve as negatives: the newest K keys, of which a push replaces the oldest.
 *
 * A push may be of any size up to the capacity, which need not be a multiple of it: the keys behind
 * the last row go to the first rows. It makes the new tensor at once, in one copy, so that
 * {@link tensor} costs nothing however often it is called.
 *
 * Source: He et al., "Momentum Contrast", CVPR 2020, section 3.2 and algorithm 1.
 */
export class FeatureQueue {
  readonly capacity: number;
  readonly dimension: number;
  #features: Tensor2D;
  #position = 0;

  /**
   * @throws MomentumError `INVALID_OPTION`; of core `RANDOM_RANGE` for the seed, `INSUFFICIENT_MEMORY` for more keys
   *   than there is memory for
   */
  constructor(options: FeatureQueueOptions) {
    requireKnownOptions('FeatureQueue', options, { capacity: true, dimension: true, seed: true });
    const { capacity, dimension, seed } = options;
    requireCount('capacity', capacity);
    requireCount('dimension', dimension);
    requireMemory('this feature queue', [
      {
        what: `${capacity} keys of ${dimension} values`,
        bytes: 4 * capacity * dimension,
        settings: ['capacity', 'dimension'],
      },
    ]);
    this.capacity = capacity;
    this.dimension = dimension;
    const features = tf.tensor2d(randomUnitVectors(capacity, dimension, seed), [capacity, dimension]);
    this.#features = tf.keep(features);
  }

  /** The row that the next key goes to: that of the oldest. */
  get position(): number {
    return this.#position;
  }

  /**
   * Replaces the oldest keys. The keys stay the caller's, and no gradient flows into them.
   *
   * @param keys float32 [N, D], with N from 1 to the capacity
   * @throws MomentumError `INVALID_SHAPE`, `INVALID_DTYPE`, `BATCH_TOO_LARGE` or `DISPOSED`
   */
  push(keys: Tensor2D): void {
    const features = this.tensor();
    this.#requireKeys(keys);
    const count = keys.shape[0];
    const end = this.#position + count;
    const behind = Math.max(0, end - this.capacity);
    const pushed = unrecorded(() =>
      joinRows([
        [keys, count - behind, count],
        [features, behind, this.#position],
        [keys, 0, count - behind],
        [features, end, this.capacity],
      ]),
    );
    this.#replace(pushed, end % this.capacity);
  }

  /**
   * All keys, float32 [K, D], in the order of their rows. It stays the queue's, and is disposed by the
   * next push.
   *
   * @throws MomentumError `DISPOSED`
   */
  tensor(): Tensor2D {
    if (this.#features.isDisposed) throw disposedError('feature queue');
    return this.#features;
  }

  /** The keys, bit for bit, and the position, as they are now. */
  async toState(): Promise<State> {
    const values = { position: this.#position };
    return { tensors: await readTensors({ features: this.tensor() }), values };
  }

  /**
   * Takes the keys and the position of a state.
   *
   * @throws MomentumError `STATE_MISMATCH` or `DISPOSED`
   */
  fromState(state: State): void {
    const { shape } = this.tensor();
    const position = requirePosition(state.values?.['position'], this.capacity);
    const [features] = tensorsOfState('feature queue', state, { features: shape });
    this.#replace(features as Tensor2D, position);
  }

  /** Disposes the keys. */
  dispose(): void {
    this.#features.dispose();
  }

  #replace(features: Tensor2D, position: number): void {
    this.#features.dispose();
    this.#features = tf.keep(features);
    this.#position = position;
  }

  #requireKeys(keys: Tensor2D): void {
    if (keys.dtype !== 'float32') {
      throw momentumError('INVALID_DTYPE', {
        message: 'a feature queue holds float32 keys',
        given: keys.dtype,
        expected: 'float32',
        remedy: 'Cast them first: tf.cast(keys, "float32")',
      });
    }
    const [count, dimension] = keys.shape;
    if (keys.rank !== 2 || dimension !== this.dimension || count === 0) {
      throw momentumError('INVALID_SHAPE', {
        message: 'a feature queue cannot take keys of this shape',
        given: keys.shape,
        expected: `[1 to ${this.capacity}, ${this.dimension}]`,
      });
    }
    if (count > this.capacity) {
      throw momentumError('BATCH_TOO_LARGE', {
        message: 'a push is larger than the queue',
        given: count,
        expected: `at most ${this.capacity} keys`,
        remedy: 'Use a queue that is several times as long as a batch',
      });
    }
  }
}

/** Rows `begin` up to `end` of each part, one under the other; of a part with no rows, nothing. */
function joinRows(parts: readonly [rows: Tensor2D, begin: number, end: number][]): Tensor2D {
  const slices = parts
    .filter(([, begin, end]) => end > begin)
    .map(([rows, begin, end]) => tf.slice(rows, [begin, 0], [end - begin, rows.shape[1]]));
  return tf.concat(slices, 0);
}

function randomUnitVectors(count: number, dimension: number, seed: number): Float32Array {
  const values = randomStream({ seed, purpose: 'feature queue' }).normal(count * dimension);
  for (let begin = 0; begin < values.length; begin += dimension) {
    const row = values.subarray(begin, begin + dimension);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let element = 0; element < dimension; element++) row[element]! /= length;
  }
  return values;
}

function requirePosition(position: JsonValue | undefined, capacity: number): number {
  if (typeof position === 'number' && Number.isInteger(position) && position >= 0 && position < capacity) {
    return position;
  }
  const given = `position ${JSON.stringify(position)}`;
  throw mismatch('feature queue', given, `an integer from 0 to ${capacity - 1}`);
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw momentumError('INVALID_OPTION', {
    message: `a feature queue cannot have this ${name}`,
    given: value,
    expected: 'a whole number of at least 1',
  });
}
