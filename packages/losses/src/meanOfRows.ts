import { ensureKernels } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { lossError } from './errors.js';

/** The losses of the rows of a batch, and how they change with the features. */
export interface RowLosses {
  /** [N, 1] */
  readonly losses: Tensor2D;
  /** [N, D], the derivative of the sum of `losses` by each row's features. */
  readonly gradient: () => Tensor2D;
}

/**
 * The mean of row losses, differentiable in `inputs`, which stacked are the N rows.
 *
 * Where a gradient is being taken, it is computed together with the loss: what the backward pass then
 * keeps is [N, D] in place of several [N, K], and nothing flows into keys, queue or prototypes.
 *
 * @throws LossError `UNSUPPORTED` when a second derivative is taken
 */
export function meanOfRows(loss: string, inputs: readonly Tensor2D[], evaluate: () => RowLosses): Scalar {
  return tf.tidy(() => {
    if (!tf.engine().isTapeOn()) return tf.mean<Scalar>(evaluate().losses);
    // What computed the features is differentiated too, which wasm has not all kernels for.
    ensureKernels();
    // One tensor, because a function without inputs is what TensorFlow.js does not record, and it has one output.
    const computed = unrecorded(() => {
      const { losses, gradient } = evaluate();
      return tf.concat([losses, gradient()], 1);
    });
    const [rows, columns] = computed.shape;
    return tf.customGrad<Scalar>((...inputsAndSave) => {
      const save = inputsAndSave.at(-1) as GradSaveFunc;
      save([computed]);
      return {
        value: tf.mean<Scalar>(tf.slice(computed, [0, 0], [rows, 1])),
        gradFunc: (dy, saved) => {
          if (tf.engine().isTapeOn()) throw secondDerivative(loss);
          const gradient = tf.slice(saved[0] as Tensor2D, [0, 1], [rows, columns - 1]);
          return tf.split(tf.mul(gradient, tf.div(dy, rows)), inputs.length, 0);
        },
      };
    })(...inputs);
  });
}

function unrecorded<T extends Tensor>(compute: () => T): T {
  return tf.customGrad<T>(() => ({ value: compute(), gradFunc: () => [] }))();
}

function secondDerivative(loss: string): Error {
  return lossError('UNSUPPORTED', {
    message: `${loss} cannot be differentiated twice`,
    expected: 'first derivatives only, outside of any other differentiation',
  });
}
