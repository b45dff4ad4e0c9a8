import type { ImageDataset } from '@protocl/datasets';
import { createEncoder } from '@protocl/encoders';
import { loadData, methodOf, type Config } from '@protocl/pipeline';
import { optimizerOf, type Method, type TrainingBatch, type TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask } from '../harness/serve.js';

/** A configuration's method on its images. */
export interface Learner {
  readonly config: Config;
  readonly method: Method;
  readonly source: TrainingSource;
  /** The first epoch in which the method does all that it does: after PCL's warm-up. */
  readonly epoch: number;
}

/**
 * Makes the method of a configuration, and opens its images.
 *
 * @param train images in the place of those that the configuration names
 */
export async function createLearner(config: Config, train?: ImageDataset): Promise<Learner> {
  const { source } = await loadData(config, { log: console.error, ...(train && { images: { train } }) });
  const encoder = createEncoder({ ...config.encoder, seed: config.seed });
  const method = methodOf(config, { encoder, source });
  const epoch = config.method.kind === 'pcl' ? config.method.warmupEpochs : 0;
  return { config, method, source, epoch };
}

/** What is due before the first step of the learner's epoch, such as PCL's E-step. */
export async function expectation({ method, source, epoch }: Learner): Promise<void> {
  await method.beforeUpdate?.({ epoch, step: 0, source });
}

/** A task whose iterations are training steps, views and update included, epoch after epoch; call `expectation` first. */
export function trainingSteps({ config, method, source, epoch }: Learner): PreparedTask {
  const optimizer = optimizerOf(config.optimizer)(method.variables);
  const batches = endless(source, method, epoch);
  let step = 0;
  return {
    async run(iterations) {
      for (let i = 0; i < iterations; i++) {
        const { value: batch } = (await batches.next()) as { value: TrainingBatch };
        const { loss, gradients, figures } = method.step(batch, { epoch, step: step++, measured: false });
        optimizer.step(gradients, config.schedule.learningRate);
        method.afterUpdate?.();
        if (!Number.isFinite(loss.dataSync()[0])) throw new Error('the loss is not finite');
        tf.dispose([loss, gradients, figures, batch.views as unknown as tf.Tensor[]]);
      }
      return undefined;
    },
  };
}

/** Batches without end, epoch after epoch, each in another order. */
async function* endless(
  source: TrainingSource,
  method: Method,
  first: number,
): AsyncGenerator<TrainingBatch, never> {
  for (let epoch = first; ; epoch++) yield* source.views(epoch, 0, method.order?.({ epoch }));
}
