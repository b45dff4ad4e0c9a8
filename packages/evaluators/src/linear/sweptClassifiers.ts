import * as tf from '@tensorflow/tfjs-core';

export interface SweptClassifiersOptions {
  readonly rates: readonly number[];
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Rows whose logits are held at once. */
const BLOCK = 4096;

/**
 * Linear classifiers that differ only in their learning rate. The columns of one matrix [D, R C] hold
 * the weights of all of them (R rates, C classes), so that a step is two products whatever R is.
 */
export class SweptClassifiers {
  readonly #count: number;
  readonly #classes: number;
  readonly #momentum: number;
  readonly #weightDecay: number;
  /** float32 [R C] */
  readonly #rates: tf.Tensor1D;
  /** Weights [D, R C] and biases [R C], and the velocities of both. */
  #state: { weights: tf.Tensor2D; biases: tf.Tensor1D; weightMotion: tf.Tensor2D; biasMotion: tf.Tensor1D };

  constructor(size: number, classes: number, { rates, momentum, weightDecay }: SweptClassifiersOptions) {
    const columns = rates.length * classes;
    this.#count = rates.length;
    this.#classes = classes;
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#rates = tf.tensor1d(rates.flatMap((rate) => new Array<number>(classes).fill(rate)));
    this.#state = {
      weights: tf.zeros([size, columns]),
      biases: tf.zeros([columns]),
      weightMotion: tf.zeros([size, columns]),
      biasMotion: tf.zeros([columns]),
    };
  }

  /**
   * One step of SGD with momentum, as PyTorch has it, for the mean cross-entropy of a batch.
   *
   * @param x float32 [B, D]
   * @param share of each learning rate
   */
  step(x: tf.Tensor2D, labels: Int32Array, share: number): void {
    const before = this.#state;
    this.#state = tf.tidy(() => {
      const { weights, biases, weightMotion, biasMotion } = before;
      const shape = [labels.length, this.#count, this.#classes] as const;
      const probabilities = tf.softmax(tf.reshape(this.#logits(x), [...shape]));
      const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), this.#classes, 1, 0, 'float32');
      const errors: tf.Tensor2D = tf.reshape(
        tf.div(tf.sub(probabilities, tf.expandDims(targets, 1)), labels.length),
        [labels.length, -1],
      );
      const slopes = tf.matMul<tf.Tensor2D>(x, errors, true, false);
      const decayed = this.#weightDecay === 0 ? slopes : tf.add(slopes, tf.mul(weights, this.#weightDecay));
      const nextWeightMotion = tf.add<tf.Tensor2D>(tf.mul(weightMotion, this.#momentum), decayed);
      const nextBiasMotion = tf.add<tf.Tensor1D>(tf.mul(biasMotion, this.#momentum), tf.sum(errors, 0));
      const rates = tf.mul(this.#rates, share);
      return {
        weights: tf.sub<tf.Tensor2D>(weights, tf.mul(nextWeightMotion, rates)),
        biases: tf.sub<tf.Tensor1D>(biases, tf.mul(nextBiasMotion, rates)),
        weightMotion: nextWeightMotion,
        biasMotion: nextBiasMotion,
      };
    });
    tf.dispose(before);
  }

  /** The share of features that each classifier gets right; 0 for one whose weights are not finite. */
  async accuracies(features: tf.Tensor2D, labels: Int32Array): Promise<number[]> {
    const correct = new Array<number>(this.#count).fill(0);
    const isFinite = await this.#isFinite();
    for (let begin = 0; begin < labels.length; begin += BLOCK) {
      const rows = Math.min(BLOCK, labels.length - begin);
      const predicted = tf.tidy(() => {
        const logits = this.#logits(tf.slice(features, [begin, 0], [rows, -1]));
        return tf.argMax(tf.reshape(logits, [rows, this.#count, this.#classes]), 2);
      });
      const classes = await predicted.data();
      predicted.dispose();
      for (let i = 0; i < classes.length; i++) {
        if (classes[i] === labels[begin + Math.floor(i / this.#count)]) correct[i % this.#count]!++;
      }
    }
    return correct.map((count, r) => (isFinite[r] ? count / labels.length : 0));
  }

  dispose(): void {
    tf.dispose([this.#rates, ...Object.values(this.#state)]);
  }

  #logits(x: tf.Tensor2D): tf.Tensor2D {
    return tf.add(tf.matMul<tf.Tensor2D>(x, this.#state.weights), this.#state.biases);
  }

  async #isFinite(): Promise<boolean[]> {
    const total = tf.tidy(() =>
      tf.sum(tf.reshape(tf.sum(tf.mul(this.#state.weights, 0), 0), [this.#count, this.#classes]), 1),
    );
    const sums = await total.data();
    total.dispose();
    return Array.from(sums, (sum) => sum === 0);
  }
}
