import { sgdMomentumStep } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { parseOptions } from '../parseOptions.js';
import { assignTensors, readTensors } from '../state.js';
import { isNormOrBias } from './isNormOrBias.js';
import type { OptimizerFactory } from './optimizer.js';
import { inOrder, named, zerosLike } from './slots.js';

export const sgdSchema = z.strictObject({
  kind: z.literal('sgd'),
  /** The share of the old velocity that is kept. */
  momentum: z.number().min(0).lt(1).default(0.9),
  nesterov: z.boolean().default(false),
  /** The share of each weight that is added to its gradient. */
  weightDecay: z.number().min(0).default(1e-4),
  /** Whether batch norms and biases decay too, as in the published runs. */
  decayNormAndBias: z.boolean().default(true),
});

export type SgdOptions = Omit<z.input<typeof sgdSchema>, 'kind'>;

/**
 * Stochastic gradient descent with momentum, as PyTorch's without dampening: one fused step over all
 * variables.
 *
 * @see Sutskever et al., On the importance of initialization and momentum in deep learning, 2013
 */
export function sgd(options: SgdOptions = {}): OptimizerFactory {
  const { momentum, nesterov, weightDecay, decayNormAndBias } = parseOptions(
    'sgd',
    sgdSchema.omit({ kind: true }),
    options,
  );
  return (variables) => {
    const names = Object.keys(variables);
    const parameters = Object.values(variables);
    const velocities = zerosLike(parameters);
    const slots = named(names, 'velocity', velocities);
    const decay = names.map((name) => decayNormAndBias || !isNormOrBias(name, variables[name]!));
    return {
      name: 'sgd',
      step: (gradients, learningRate) => {
        sgdMomentumStep(parameters, velocities, inOrder(names, gradients), {
          learningRate,
          momentum,
          nesterov,
          weightDecay,
          decay,
        });
      },
      toState: async () => ({ tensors: await readTensors(slots) }),
      fromState: ({ tensors }) => assignTensors(slots, tensors, 'the optimizer sgd'),
      dispose: () => tf.dispose(velocities),
    };
  };
}
