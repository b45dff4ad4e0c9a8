import { randomStream, type RandomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';

/** Draws the initial values of a parameter. */
export type Initializer = (random: RandomStream, size: number) => Float32Array;

/** Collects the variables and statistics of a network while it is built. */
export class Parameters {
  readonly variables: Record<string, tf.Variable> = {};
  readonly statistics: Record<string, tf.Variable> = {};
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A new trainable variable. */
  trainable<R extends tf.Rank>(name: string, shape: number[], initialize: Initializer): tf.Variable<R> {
    // A stream for each name, so that a change of one layer leaves the others' weights alone.
    const random = randomStream({ seed: this.#seed, purpose: `initialize ${name}` });
    const size = shape.reduce((product, length) => product * length, 1);
    const variable = toVariable(initialize(random, size), shape, true);
    this.variables[name] = variable;
    return variable as tf.Variable<R>;
  }

  /** A new variable that no optimizer sees, [channels]. */
  statistic(name: string, channels: number, value: number): tf.Variable<tf.Rank.R1> {
    const variable = toVariable(new Float32Array(channels).fill(value), [channels], false);
    this.statistics[name] = variable;
    return variable as tf.Variable<tf.Rank.R1>;
  }
}

function toVariable(values: Float32Array, shape: number[], trainable: boolean): tf.Variable {
  const initial = tf.tensor(values, shape);
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  return variable;
}
