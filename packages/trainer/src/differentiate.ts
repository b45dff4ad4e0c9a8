import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from './errors.js';
import type { StepResult } from './method.js';

/**
 * The value and the gradients of a loss.
 *
 * @param loss computes the loss, and the parts of it that the log is to show
 * @param variables what to differentiate by
 * @returns tensors that the caller disposes
 * @throws {ProtoclError} `GRADIENT_MISSING` if the loss does not depend on one of the variables
 */
export function differentiate(
  loss: () => { loss: tf.Scalar; figures?: Readonly<Record<string, tf.Scalar>> },
  variables: Readonly<Record<string, tf.Variable>>,
): StepResult {
  let figures: Record<string, tf.Scalar> = {};
  const { value, grads } = tf.variableGrads(() => {
    const result = loss();
    // The forward pass is tidied up, and what is kept outlives that.
    figures = Object.fromEntries(
      Object.entries(result.figures ?? {}).map(([name, figure]) => [name, tf.keep(tf.clone(figure))]),
    );
    return result.loss;
  }, Object.values(variables));
  const gradients: Record<string, tf.Tensor> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const gradient = grads[variable.name];
    if (gradient == null) {
      tf.dispose([value, figures, Object.values(grads).filter((other) => other != null)]);
      throw trainerError('GRADIENT_MISSING', {
        message: 'the loss does not depend on a variable',
        given: name,
        expected: 'a gradient for every variable of the method',
        remedy: 'Leave it out of the method’s variables',
      });
    }
    gradients[name] = gradient;
  }
  return { loss: value, gradients, figures };
}
