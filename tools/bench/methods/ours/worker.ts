import type { Config } from '@protocl/pipeline';

import { serve } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import { createLearner, expectation, trainingSteps } from '../../ours/trainingSteps.js';

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  const learner = await createLearner(parameters['config'] as Config);
  await expectation(learner);
  return { ...trainingSteps(learner), ...engine };
});
