import { lloyd, tensorAssigner } from '@protocl/clustering';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask, TaskParameters } from '../../harness/serve.js';
import type { LloydTask } from '../deviceCases.js';

/** Dimensions of what the features are a function of. */
const LATENT = 8;
const FREQUENCY = 2;

/**
 * Steps of Lloyd's algorithm, each from the same centroids: assignment, sums, means, and what the host has to do with
 * it. The centroids are points, so that none is without any.
 */
export function prepareLloyd(parameters: TaskParameters): PreparedTask {
  const { n, dimension, k } = parameters as unknown as LloydTask;
  const points = features(n, dimension);
  const stride = Math.floor(n / k);
  const start = tf.tidy(() => {
    const rows = Int32Array.from({ length: k }, (_, i) => i * stride);
    return tf.gather(points, tf.tensor1d(rows, 'int32'));
  });
  const assigner = tensorAssigner();
  return {
    async run(iterations) {
      let objective = 0;
      for (let i = 0; i < iterations; i++) {
        const result = await lloyd(points, tf.clone(start), {
          assigner,
          iterations: 1,
          random: (step) => randomStream({ seed: 1, purpose: 'bench: split', step }),
          onStep: () => undefined,
        });
        objective = result.objective;
        result.centroids.dispose();
      }
      return { objective };
    },
  };
}

/** Points of length 1 that vary smoothly with a few hidden numbers; most of the work is the engine's. */
function features(n: number, dimension: number): tf.Tensor2D {
  const random = randomStream({ seed: 1, purpose: 'bench: features' });
  return tf.tidy(() => {
    const hidden = tf.tensor2d(random.normal(n * LATENT), [n, LATENT]);
    const directions = tf.tensor2d(random.normal(LATENT * dimension), [LATENT, dimension]);
    const waves = tf.sin(tf.mul(tf.matMul(hidden, directions), FREQUENCY));
    return tf.div(waves, tf.norm(waves, 2, 1, true));
  });
}
