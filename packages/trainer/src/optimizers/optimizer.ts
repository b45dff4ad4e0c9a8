import type * as tf from '@tensorflow/tfjs-core';

import type { State } from '../state.js';

/** What changes the weights: a rule and what it remembers of each variable. */
export interface Optimizer {
  readonly name: string;
  /**
   * Makes one step over the whole list of variables.
   *
   * @param gradients float32, one for each variable, under its name; they stay with the caller
   * @param learningRate the rate of this step, as it is
   */
  step(gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number): void;
  toState(): Promise<State>;
  fromState(state: State): void;
  /** Frees what is remembered; the variables stay with their owner. */
  dispose(): void;
}

/** Makes the optimizer of a list of variables. The names tell which are biases and batch norms. */
export type OptimizerFactory = (variables: Readonly<Record<string, tf.Variable>>) => Optimizer;
