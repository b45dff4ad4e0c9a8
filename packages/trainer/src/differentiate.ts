import { ensureKernels } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from './errors.js';
import type { StepResult } from './method.js';

/**
 * The value and the gradients of a loss.
 *
 * @param loss computes the loss, and the parts of it that the log is to show
 * @param variables what to differentiate by
 * @returns tensors that the caller disposes
 * @throws {ProtoclError} `GRADIENT_MISSING` if the loss does not depend on one of the variables; what `loss` throws
 */
export function differentiate(
  loss: () => { loss: tf.Scalar; figures?: Readonly<Record<string, tf.Scalar>> },
  variables: Readonly<Record<string, tf.Variable>>,
): StepResult {
  let figures: Record<string, tf.Scalar> = {};
  const forward = (): tf.Scalar => {
    const result = loss();
    // The forward pass is tidied up, and what is kept outlives that.
    figures = Object.fromEntries(
      Object.entries(result.figures ?? {}).map(([name, figure]) => [name, tf.keep(tf.clone(figure))]),
    );
    return result.loss;
  };
  try {
    // Without the tidy, what there is stays where an error comes.
    return tf.tidy(() => {
      const { value, grads } = gradientsOf(forward, variables);
      const gradients = Object.fromEntries(
        Object.entries(variables).map(([name, { name: global }]) => {
          const gradient = grads[global];
          if (gradient == null) throw missing(name);
          return [name, gradient];
        }),
      );
      return { loss: value, gradients, figures };
    });
  } catch (error) {
    tf.dispose(figures);
    throw error;
  }
}

function gradientsOf(
  forward: () => tf.Scalar,
  variables: Readonly<Record<string, tf.Variable>>,
): ReturnType<typeof tf.variableGrads> {
  ensureKernels();
  try {
    return tf.variableGrads(forward, Object.values(variables));
  } catch (error) {
    // So TensorFlow.js says that none of them has a gradient.
    const hasNone = error instanceof Error && error.message.startsWith('Cannot find a connection');
    throw hasNone ? missing(Object.keys(variables).join(', ')) : error;
  }
}

function missing(name: string): Error {
  return trainerError('GRADIENT_MISSING', {
    message: 'the loss does not depend on a variable',
    given: name,
    expected: 'a gradient for every variable of the method',
    remedy: 'Leave it out of the method’s variables',
  });
}
