import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from '../errors.js';

/** A variable of zeros beside each of the given ones, which the optimizer owns. */
export function zerosLike(variables: readonly tf.Variable[]): tf.Variable[] {
  return variables.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false)));
}

/** Slots under the names of their variables. */
export function named<T>(names: readonly string[], kind: string, slots: readonly T[]): Record<string, T> {
  return Object.fromEntries(names.map((name, index) => [`${kind}/${name}`, slots[index]!]));
}

/** The gradients in the order of the variables. */
export function inOrder(
  names: readonly string[],
  gradients: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor[] {
  return names.map((name) => {
    const gradient = gradients[name];
    if (gradient !== undefined) return gradient;
    throw trainerError('GRADIENT_MISSING', {
      message: 'a variable has no gradient',
      given: name,
      expected: 'one for every variable that the optimizer was made for',
      remedy: 'Leave variables that do not contribute to the loss out of the method’s variables',
    });
  });
}
