import { sgdMomentumStep, type SgdMomentumOptions } from '@protocl/backend';
import type { Encoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import type { TaskParameters } from '../harness/serve.js';

/** Supervised training with SGD and momentum. */
export class Trainer {
  readonly #network: Encoder;
  readonly #variables: tf.Variable[];
  readonly #velocities: readonly tf.Variable[];
  readonly #optimizer: SgdMomentumOptions;

  constructor(network: Encoder, optimizer: SgdMomentumOptions) {
    this.#network = network;
    this.#variables = Object.values(network.variables);
    this.#velocities = zeroVelocities(this.#variables);
    this.#optimizer = optimizer;
  }

  /**
   * One step on a batch.
   *
   * @param images float32 [N, H, W, 3]
   * @param labels int32 [N]
   * @returns the batch's loss before the step; the caller disposes it
   */
  step(images: tf.Tensor4D, labels: tf.Tensor1D): tf.Scalar {
    const { value, grads } = tf.variableGrads(
      () => crossEntropy(this.#network.forward(images, { training: true }), labels),
      this.#variables,
    );
    const gradients = this.#variables.map(({ name }) => grads[name]!);
    sgdMomentumStep(this.#variables, this.#velocities, gradients, this.#optimizer);
    tf.dispose(gradients);
    return value;
  }
}

/** Variables for SGD's velocities, one for each parameter. */
export function zeroVelocities(parameters: readonly tf.Variable[]): tf.Variable[] {
  return parameters.map((parameter) => tf.tidy(() => tf.variable(tf.zerosLike(parameter), false)));
}

/** The settings of the optimizer among the parameters of a task. */
export function optimizerOf(parameters: TaskParameters): SgdMomentumOptions {
  const { learningRate, momentum, weightDecay } = parameters as Record<string, number>;
  return { learningRate: learningRate!, momentum: momentum!, weightDecay: weightDecay! };
}

/** Mean of -log softmax(logits)[label]: logits [N, classes], labels int32 [N]. */
function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const target = tf.oneHot(labels, logits.shape[1]);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), target), -1)));
}
