import { randomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';

/** Deviation of the initial weights, as in the published evaluations. */
const INITIAL_DEVIATION = 0.01;

/** One linear layer from features to classes. */
export interface LinearClassifier {
  /** `weight` float32 [D, k] and `bias` float32 [k]. */
  readonly variables: Readonly<Record<'weight' | 'bias', tf.Variable>>;
  /** float32 [N, k], which the caller disposes. */
  logits(features: tf.Tensor2D): tf.Tensor2D;
  /** Frees the variables. */
  dispose(): void;
}

/** A classifier whose weights are drawn by the seed, and whose bias is 0. */
export function createLinearClassifier(
  size: number,
  classes: number,
  { seed }: { readonly seed: number },
): LinearClassifier {
  const drawn = randomStream({ seed, purpose: 'linear classifier' }).normal(size * classes);
  const weight = tf.tidy(() =>
    tf.variable(
      tf.tensor2d(
        drawn.map((value) => INITIAL_DEVIATION * value),
        [size, classes],
      ),
    ),
  );
  const bias = tf.tidy(() => tf.variable(tf.zeros([classes])));
  return {
    variables: { weight, bias },
    logits: (features) => tf.tidy(() => tf.add(tf.matMul(features, weight as unknown as tf.Tensor2D), bias)),
    dispose: () => tf.dispose([weight, bias]),
  };
}
