import { ensureKernels, sgdMomentumStep } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { evaluatorError } from '../errors.js';

/** Some variables that share a learning rate. */
export interface ParameterGroup {
  /** What messages call it. */
  readonly name: string;
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /** Before the schedule. */
  readonly learningRate: number;
}

/** Stochastic gradient descent with momentum, with a learning rate for each of several groups. */
export interface GroupedSgd {
  /**
   * One step down the gradient of a loss.
   *
   * @param rateShare what the learning rates of all groups are multiplied by
   * @returns the loss before the step, a scalar that the caller disposes
   * @throws {EvaluatorError} `INVALID_OPTION` if the loss does not depend on a variable
   */
  step(loss: () => tf.Scalar, rateShare: number): tf.Scalar;
  /** Frees the velocities; the variables stay with their owner. */
  dispose(): void;
}

/** Starts with velocities of 0. */
export function groupedSgd(
  groups: readonly ParameterGroup[],
  { momentum, weightDecay }: { readonly momentum: number; readonly weightDecay: number },
): GroupedSgd {
  const states = groups.map((group) => {
    const names = Object.keys(group.variables);
    const variables = Object.values(group.variables);
    const velocities = variables.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false)));
    return { ...group, names, variables, velocities };
  });
  const all = states.flatMap(({ variables }) => variables);
  return {
    step: (loss, rateShare) => {
      ensureKernels();
      const { value, grads } = tf.variableGrads(loss, all);
      try {
        for (const { name, names, variables, velocities, learningRate } of states) {
          const gradients = variables.map((variable, index) => {
            // Missing, whatever the types say, for a variable that plays no part in the loss.
            const gradient = grads[variable.name] as tf.Tensor | null | undefined;
            if (gradient != null) return gradient;
            throw noGradient(`${name}.${names[index]}`);
          });
          const rate = learningRate * rateShare;
          sgdMomentumStep(variables, velocities, gradients, { learningRate: rate, momentum, weightDecay });
        }
        return value;
      } catch (error) {
        value.dispose();
        throw error;
      } finally {
        tf.dispose(Object.values(grads).filter((gradient) => gradient != null));
      }
    },
    dispose: () => tf.dispose(states.map(({ velocities }) => velocities)),
  };
}

function noGradient(variable: string): Error {
  return evaluatorError('INVALID_OPTION', {
    message: 'the features do not depend on a variable of the encoder',
    given: variable,
    expected: 'only variables that forward uses',
    remedy: 'Leave it out of the variables, such as those of a projection head behind the features',
  });
}
