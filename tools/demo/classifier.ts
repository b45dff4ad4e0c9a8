import { sgdMomentumStep } from '@protocl/backend';
import { batches, type ImageDataset } from '@protocl/datasets';
import { createEncoder, type Encoder, type EncoderOptions } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { normalizedImages } from './images.js';

const MOMENTUM = 0.9;
const WEIGHT_DECAY = 5e-4;
const TEST_BATCH = 500;

/** Which network to train. */
export interface ClassifierOptions extends Pick<EncoderOptions, 'architecture' | 'width' | 'seed'> {
  readonly classes: number;
}

/** A ResNet that learns to name what is in an image: cross-entropy, SGD with Nesterov momentum. */
export class Classifier {
  readonly network: Encoder;
  readonly #variables: tf.Variable[];
  readonly #velocities: tf.Variable[];

  constructor({ classes, ...options }: ClassifierOptions) {
    this.network = createEncoder({ ...options, head: { kind: 'linear', dimension: classes } });
    this.#variables = Object.values(this.network.variables);
    this.#velocities = this.#variables.map((variable) =>
      tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
    );
  }

  /**
   * One training step.
   *
   * @param images float32 [N, H, W, 3], normalised
   * @param labels int32 [N]
   * @returns the loss before the step, a scalar that the caller disposes
   */
  step(images: tf.Tensor4D, labels: tf.Tensor1D, learningRate: number): tf.Scalar {
    const { value, grads } = tf.variableGrads(
      () => crossEntropy(this.network.forward(images, { training: true }), labels),
      this.#variables,
    );
    const gradients = this.#variables.map(({ name }) => grads[name]!);
    const settings = { learningRate, momentum: MOMENTUM, weightDecay: WEIGHT_DECAY, nesterov: true };
    sgdMomentumStep(this.#variables, this.#velocities, gradients, settings);
    tf.dispose(gradients);
    return value;
  }

  /** The share of the images that are recognised, 0 .. 1; lets other events happen in between. */
  async accuracy(dataset: ImageDataset): Promise<number> {
    let correct = 0;
    const batchSize = Math.min(TEST_BATCH, dataset.shape[0]);
    const settings = { batchSize, seed: 0, shuffle: false, dropRemainder: false };
    for (const batch of batches(dataset, settings)) {
      const predicted = tf.tidy(() => {
        const logits = this.network.forward(normalizedImages(batch), { training: false });
        return tf.argMax(logits, 1);
      });
      const classes = await predicted.data();
      predicted.dispose();
      correct += batch.labels.filter((label, index) => label === classes[index]).length;
    }
    return correct / dataset.shape[0];
  }

  dispose(): void {
    this.network.dispose();
    tf.dispose(this.#velocities);
  }
}

/** Mean of -log softmax(logits)[label]: logits [N, classes], labels int32 [N]. */
function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const target = tf.oneHot(labels, logits.shape[1]);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), target), 1)));
}
