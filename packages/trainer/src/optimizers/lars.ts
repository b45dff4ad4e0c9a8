import { sgdMomentumStep } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { parseOptions } from '../parseOptions.js';
import { assignTensors, readTensors } from '../state.js';
import { isNormOrBias } from './isNormOrBias.js';
import type { OptimizerFactory } from './optimizer.js';
import { inOrder, named, zerosLike } from './slots.js';

export const larsSchema = z.strictObject({
  kind: z.literal('lars'),
  /** The share of the old velocity that is kept. */
  momentum: z.number().min(0).lt(1).default(0.9),
  /** The share of each weight that is added to its gradient. */
  weightDecay: z.number().min(0).default(1e-6),
  /** How much of a layer's norm one step may move, the paper's η. */
  trust: z.number().positive().default(0.001),
  /** Whether batch norms and biases decay and adapt too; else they take plain steps with momentum. */
  decayNormAndBias: z.boolean().default(false),
});

export type LarsOptions = Omit<z.input<typeof larsSchema>, 'kind'>;

/**
 * Layer-wise adaptive rate scaling, for large batches: v = m·v + γ·λ·(g + β·w), w -= v, where each
 * layer has its own λ = η·‖w‖ / (‖g‖ + β·‖w‖), and 1 where a norm is 0.
 *
 * @see You, Gitman and Ginsburg, Large Batch Training of Convolutional Networks, 2017, algorithm 1
 */
export function lars(options: LarsOptions = {}): OptimizerFactory {
  const { momentum, weightDecay, trust, decayNormAndBias } = parseOptions(
    'lars',
    larsSchema.omit({ kind: true }),
    options,
  );
  return (variables) => {
    const names = Object.keys(variables);
    const parameters = Object.values(variables);
    const velocities = zerosLike(parameters);
    const slots = named(names, 'velocity', velocities);
    const adapts = names.map((name) => decayNormAndBias || !isNormOrBias(name, variables[name]!));
    return {
      name: 'lars',
      step: (gradients, learningRate) => {
        tf.tidy(() => {
          const directions = inOrder(names, gradients).map((gradient, index) =>
            adapts[index]!
              ? adapted(parameters[index]!, gradient, learningRate, weightDecay, trust)
              : tf.mul(gradient, learningRate),
          );
          // The rate is inside the velocity, so the fused step takes the whole of it.
          sgdMomentumStep(parameters, velocities, directions, { learningRate: 1, momentum });
        });
      },
      toState: async () => ({ tensors: await readTensors(slots) }),
      fromState: ({ tensors }) => assignTensors(slots, tensors, 'the optimizer lars'),
      dispose: () => tf.dispose(velocities),
    };
  };
}

/** γ·λ·(g + β·w). The ratio stays on the device, so that no layer waits for the one before. */
function adapted(
  weight: tf.Variable,
  gradient: tf.Tensor,
  learningRate: number,
  weightDecay: number,
  trust: number,
): tf.Tensor {
  return tf.tidy(() => {
    const weightNorm = tf.sqrt(tf.sum(tf.square(weight)));
    const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
    const denominator = tf.add(gradientNorm, tf.mul(weightNorm, weightDecay));
    const both = tf.greater(tf.mul(weightNorm, gradientNorm), 0);
    const safe = tf.where(both, denominator, tf.onesLike(denominator));
    const ratio = tf.where(both, tf.div(tf.mul(weightNorm, trust), safe), tf.onesLike(weightNorm));
    const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, weightDecay));
    return tf.mul(decayed, tf.mul(ratio, learningRate));
  });
}
