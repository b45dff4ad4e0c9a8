import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { assignTensors, readTensors, type State } from '../state.js';

/** Deviation of the initial weights, as in the code published with the paper. */
const INITIAL_DEVIATION = 0.01;

export interface PseudoLabelClassifierOptions {
  /** Length of the features, D. */
  readonly size: number;
  /** k */
  readonly classes: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/**
 * DeepCluster's last layer. Its classes mean something else after each clustering, so it then begins
 * anew, and learns by plain SGD of its own.
 */
export class PseudoLabelClassifier {
  readonly variables: Readonly<Record<'classifier/weight' | 'classifier/bias', tf.Variable>>;
  /** Gradients since the last update, by the names of the variables. */
  #gradients: Record<string, tf.Tensor> = {};
  #count = 0;

  constructor(private readonly options: PseudoLabelClassifierOptions) {
    const { size, classes } = options;
    this.variables = tf.tidy(() => ({
      'classifier/weight': tf.variable(tf.zeros([size, classes])),
      'classifier/bias': tf.variable(tf.zeros([classes])),
    }));
  }

  /** Draws new weights. */
  restart(seed: number, epoch: number): void {
    const { size, classes } = this.options;
    const drawn = randomStream({ seed, purpose: 'classifier', epoch }).normal(size * classes);
    tf.tidy(() => {
      const weight = tf.tensor2d(
        drawn.map((value) => INITIAL_DEVIATION * value),
        [size, classes],
      );
      this.variables['classifier/weight'].assign(weight);
      this.variables['classifier/bias'].assign(tf.zeros([classes]));
    });
  }

  /** float32 [N, k], in the caller's tidy. */
  logits(features: tf.Tensor2D): tf.Tensor2D {
    const weight = this.variables['classifier/weight'] as tf.Tensor as tf.Tensor2D;
    return tf.add(tf.matMul(features, weight), this.variables['classifier/bias']);
  }

  /** Takes the gradients of a step over, for the next update. */
  accumulate(gradients: Readonly<Record<string, tf.Tensor>>): void {
    for (const [name, gradient] of Object.entries(gradients)) {
      const before = this.#gradients[name];
      this.#gradients[name] = before === undefined ? gradient : tf.add(before, gradient);
      if (before !== undefined) tf.dispose([before, gradient]);
    }
    this.#count += 1;
  }

  /** w = w - η (mean gradient + λ w) */
  update(): void {
    if (this.#count === 0) return;
    const { learningRate, weightDecay } = this.options;
    tf.tidy(() => {
      for (const [name, variable] of Object.entries(this.variables)) {
        const gradient = tf.add(tf.div(this.#gradients[name]!, this.#count), tf.mul(variable, weightDecay));
        variable.assign(tf.sub(variable, tf.mul(gradient, learningRate)));
      }
    });
    this.#forget();
  }

  async toState(): Promise<State> {
    return { tensors: await readTensors(this.variables) };
  }

  fromState({ tensors }: State): void {
    assignTensors(this.variables, tensors, 'the classifier of pseudo-labels');
    this.#forget();
  }

  dispose(): void {
    this.#forget();
    tf.dispose(Object.values(this.variables));
  }

  #forget(): void {
    tf.dispose(this.#gradients);
    this.#gradients = {};
    this.#count = 0;
  }
}
