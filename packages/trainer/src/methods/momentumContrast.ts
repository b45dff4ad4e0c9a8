import { randomStream } from '@protocl/core';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { FeatureQueue, MomentumEncoder, splitBatch } from '@protocl/momentum';
import * as tf from '@tensorflow/tfjs-core';

import { differentiate } from '../differentiate.js';
import type { Position, StepResult } from '../method.js';
import type { TrainingBatch } from '../source.js';
import { statePart, type State } from '../state.js';
import { meanOfTerms, type LossTerm } from './lossTerms.js';
import { normalized } from './normalized.js';

export interface MomentumContrastOptions {
  readonly seed: number;
  /** K: keys of earlier batches that serve as negatives. */
  readonly queue: number;
  /** The share of its old weights that the key encoder keeps at each update. */
  readonly momentum: number;
  /** Parts of the batch that batch norm sees by themselves. */
  readonly batchNormSplits: number;
  /** Whether each view is once the query and once the key. */
  readonly symmetric: boolean;
}

/** The loss of a pair of views by their features: q and k, float32 [N, D], and which of the step's pairs it is. */
export type ContrastTerm = (query: tf.Tensor2D, key: tf.Tensor2D, pair: number) => LossTerm;

/**
 * What MoCo and PCL have in common: a query encoder that is trained, a key encoder that follows it
 * slowly, and the queue of the key encoder's latest features.
 *
 * @see He et al., Momentum Contrast for Unsupervised Visual Representation Learning, CVPR 2020
 */
export class MomentumContrast {
  /** θ': the same network, whose weights follow. Its batch norms gather statistics of their own. */
  readonly #keyEncoder: Encoder;
  readonly #momentum: MomentumEncoder;
  readonly #queue: FeatureQueue;

  constructor(
    /** θ; stays the caller's to dispose. */
    readonly encoder: Encoder,
    private readonly options: MomentumContrastOptions,
  ) {
    const { momentum, queue: capacity, seed } = options;
    this.#keyEncoder = createEncoder(encoder.options);
    // Also the statistics of weights that were loaded.
    for (const [name, variable] of Object.entries(this.#keyEncoder.statistics)) {
      variable.assign(encoder.statistics[name]!);
    }
    this.#momentum = new MomentumEncoder(encoder.variables, {
      momentum,
      variables: this.#keyEncoder.variables,
    });
    this.#queue = new FeatureQueue({ capacity, dimension: encoder.outputSize, seed });
  }

  /** The mean gradient of `term` in θ over the step's pairs of views, whose keys then go into the queue. */
  step({ views: [first, second] }: TrainingBatch, position: Position, term: ContrastTerm): StepResult {
    const pairs: [query: tf.Tensor4D, key: tf.Tensor4D][] = [[first, second]];
    if (this.options.symmetric) pairs.push([second, first]);
    const keys: tf.Tensor2D[] = [];
    try {
      // Outside of the differentiation: no gradient flows into keys.
      for (const [pair, [, view]] of pairs.entries()) keys.push(this.#keys(view, pair, position));
      const result = differentiate(
        () => meanOfTerms(pairs.map(([view], pair) => term(this.#queries(view), keys[pair]!, pair))),
        this.encoder.variables,
      );
      for (const key of keys) this.#queue.push(key);
      return result;
    } finally {
      tf.dispose(keys);
    }
  }

  /** v = f_θ(x), float32 [N, D], rows of length 1, in training mode. */
  #queries(images: tf.Tensor4D): tf.Tensor2D {
    const splits = this.options.batchNormSplits;
    return normalized(
      splitBatch(images, { splits }, (part) => this.encoder.forward(part, { training: true })),
    );
  }

  /**
   * v' = f_θ'(x'), [N, D], in training mode, batch norm being given other company than the queries'.
   *
   * @param pair which of the step's pairs of views the keys are for
   */
  #keys(images: tf.Tensor4D, pair: number, { epoch, step }: Position): tf.Tensor2D {
    const { seed, batchNormSplits: splits } = this.options;
    const rng = randomStream({ seed, purpose: `order of keys ${pair}`, epoch, step });
    return tf.tidy(() =>
      normalized(
        splitBatch(images, { splits, rng }, (part) => this.#keyEncoder.forward(part, { training: true })),
      ),
    );
  }

  /** v' = f_θ'(x), [N, D], in evaluation mode. */
  embed(images: tf.Tensor4D): tf.Tensor2D {
    return normalized(this.#keyEncoder.forward(images, { training: false }));
  }

  /** Keys of earlier batches, float32 [K, D]; they stay the queue's. */
  negatives(): tf.Tensor2D {
    return this.#queue.tensor();
  }

  /** θ' = m·θ' + (1 - m)·θ */
  follow(): void {
    this.#momentum.update();
  }

  /** The parts of the method's state that are kept here, by their names. */
  async toStates(): Promise<{ readonly encoder: State; readonly keyEncoder: State; readonly queue: State }> {
    return {
      encoder: await this.encoder.toState(),
      keyEncoder: await this.#keyEncoder.toState(),
      queue: await this.#queue.toState(),
    };
  }

  /** @param state of the method, joined of {@link toStates} and others */
  fromState(state: State): void {
    this.encoder.fromState(statePart(state, 'encoder'));
    this.#keyEncoder.fromState(statePart(state, 'keyEncoder'));
    this.#queue.fromState(statePart(state, 'queue'));
  }

  dispose(): void {
    this.#momentum.dispose();
    this.#keyEncoder.dispose();
    this.#queue.dispose();
  }
}
