import { exponentialMovingAverageStep } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { trainerError } from '../errors.js';
import { parseOptions } from '../parseOptions.js';
import { assignTensors, readTensors } from '../state.js';
import { isNormOrBias } from './isNormOrBias.js';
import type { OptimizerFactory } from './optimizer.js';
import { inOrder, named, zerosLike } from './slots.js';

export const adamWSchema = z.strictObject({
  kind: z.literal('adamW'),
  /** The share of the old mean of gradients that is kept. */
  beta1: z.number().min(0).lt(1).default(0.9),
  /** The share of the old mean of squared gradients that is kept. */
  beta2: z.number().min(0).lt(1).default(0.999),
  /** Added to the root of the mean square. */
  epsilon: z.number().positive().default(1e-8),
  /** The share of each weight that a step of rate 1 takes off. */
  weightDecay: z.number().min(0).default(0.01),
  /** Whether batch norms and biases decay too. */
  decayNormAndBias: z.boolean().default(false),
});

export type AdamWOptions = Omit<z.input<typeof adamWSchema>, 'kind'>;

/**
 * Adam with decoupled weight decay, as PyTorch's.
 *
 * @see Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2
 */
export function adamW(options: AdamWOptions = {}): OptimizerFactory {
  const settings = parseOptions('adamW', adamWSchema.omit({ kind: true }), options);
  const { beta1, beta2, epsilon, weightDecay, decayNormAndBias } = settings;
  return (variables) => {
    const names = Object.keys(variables);
    const parameters = Object.values(variables);
    const means = zerosLike(parameters);
    const squares = zerosLike(parameters);
    const slots = { ...named(names, 'mean', means), ...named(names, 'square', squares) };
    const decays = names.map((name) => decayNormAndBias || !isNormOrBias(name, variables[name]!));
    let steps = 0;
    return {
      name: 'adamW',
      step: (gradients, learningRate) => {
        steps += 1;
        const meanCorrection = 1 - beta1 ** steps;
        const squareCorrection = Math.sqrt(1 - beta2 ** steps);
        tf.tidy(() => {
          const ordered = inOrder(names, gradients);
          exponentialMovingAverageStep(means, ordered, { momentum: beta1 });
          exponentialMovingAverageStep(squares, ordered.map(tf.square), { momentum: beta2 });
        });
        for (const [index, parameter] of parameters.entries()) {
          tf.tidy(() => {
            const root = tf.add(tf.div(tf.sqrt(squares[index]!), squareCorrection), epsilon);
            const change = tf.mul(tf.div(means[index]!, root), learningRate / meanCorrection);
            const kept = decays[index]! ? tf.mul(parameter, 1 - learningRate * weightDecay) : parameter;
            parameter.assign(tf.sub(kept, change));
          });
        }
      },
      toState: async () => ({ tensors: await readTensors(slots), values: { steps } }),
      fromState: ({ tensors, values }) => {
        const stored = values?.['steps'];
        if (typeof stored !== 'number') {
          throw trainerError('CHECKPOINT_MISMATCH', {
            message: 'the stored state has no count of the steps of adamW',
            given: stored,
            remedy: 'Resume with the optimizer that the checkpoint was made with',
          });
        }
        assignTensors(slots, tensors, 'the optimizer adamW');
        steps = stored;
      },
      dispose: () => tf.dispose(slots),
    };
  };
}
