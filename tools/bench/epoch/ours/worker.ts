import { createEncoder } from '@protocl/encoders';
import { loadConfig, loadData, methodOf } from '@protocl/pipeline';
import { optimizerOf, type Method, type TrainingBatch, type TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';

await serve(async (parameters) => {
  const versions = await startEngine(parameters);
  return { ...(await prepareEpochs(parameters)), versions };
});

/** The preset's method on the preset's images; an iteration is a training step, or an E-step. */
async function prepareEpochs({ case: which, preset, limit }: TaskParameters): Promise<PreparedTask> {
  const values = limit === undefined ? {} : { data: { kind: 'cifar10', limit, testLimit: limit } };
  const { config } = await loadConfig({ preset: String(preset), flags: [{ origin: 'benchmark', values }] });
  const { source } = await loadData(config, { log: console.error });
  const encoder = createEncoder({ ...config.encoder, seed: config.seed });
  const method = methodOf(config, { encoder, source });
  const epoch = config.method.kind === 'pcl' ? config.method.warmupEpochs : 0;
  // The first E-step is due before the first step after the warm-up.
  const expect = (): ReturnType<NonNullable<Method['beforeUpdate']>> =>
    method.beforeUpdate!({ epoch, step: 0, source });

  if (which === 'e-step') {
    return {
      async run(iterations) {
        for (let i = 0; i < iterations; i++) await expect();
        return undefined;
      },
    };
  }
  await expect();
  const optimizer = optimizerOf(config.optimizer)(method.variables);
  const batches = endless(source, epoch);
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
async function* endless(source: TrainingSource, first: number): AsyncGenerator<TrainingBatch, never> {
  for (let epoch = first; ; epoch++) yield* source.views(epoch, 0);
}
