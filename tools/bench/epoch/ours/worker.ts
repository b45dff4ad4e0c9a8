import { loadConfig } from '@protocl/pipeline';

import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import { createLearner, expectation, trainingSteps } from '../../ours/trainingSteps.js';

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  return { ...(await prepareEpochs(parameters)), ...engine };
});

/** The preset's method on the preset's images; an iteration is a training step, or an E-step. */
async function prepareEpochs({ case: which, preset, limit }: TaskParameters): Promise<PreparedTask> {
  const values = limit === undefined ? {} : { data: { kind: 'cifar10', limit, testLimit: limit } };
  const { config } = await loadConfig({ preset: String(preset), flags: [{ origin: 'benchmark', values }] });
  const learner = await createLearner(config);
  if (which === 'e-step') {
    return {
      async run(iterations) {
        for (let i = 0; i < iterations; i++) await expectation(learner);
        return undefined;
      },
    };
  }
  await expectation(learner);
  return trainingSteps(learner);
}
