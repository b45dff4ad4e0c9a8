import { readFile } from 'node:fs/promises';

import { loadConfig, type Config } from '@protocl/pipeline';

import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import { createLearner, expectation, trainingSteps, type Learner } from '../../ours/trainingSteps.js';
import type { ImageFile } from '../cases.js';

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  return { ...(await prepareEpochs(parameters)), ...engine };
});

/** The preset's method on the preset's images; an iteration is a training step, or an E-step. */
async function prepareEpochs(parameters: TaskParameters): Promise<PreparedTask> {
  const learner = await ('config' in parameters ? givenLearner(parameters) : presetLearner(parameters));
  if (parameters['case'] === 'e-step') {
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

async function presetLearner({ preset, limit }: TaskParameters): Promise<Learner> {
  const values = limit === undefined ? {} : { data: { kind: 'cifar10', limit, testLimit: limit } };
  const { config } = await loadConfig({ preset: String(preset), flags: [{ origin: 'benchmark', values }] });
  return createLearner(config);
}

/** A configuration's method on the images of a file. */
async function givenLearner(parameters: TaskParameters): Promise<Learner> {
  const { config, data } = parameters as unknown as { config: Config; data: ImageFile };
  const [count, height, width] = data.shape as [number, number, number];
  return createLearner(config, {
    images: await readFile(data.path),
    labels: new Int32Array(count),
    shape: [count, height, width, 3],
    classNames: ['one'],
  });
}
