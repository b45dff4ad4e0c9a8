import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import { prepareAgreement, prepareForward, prepareProfile, prepareTraining } from './network.js';
import { prepareAddition, prepareNearestCentroid, prepareProduct } from './operations.js';
import { prepareEma, prepareSgd } from './optimizers.js';

type Prepare = (parameters: TaskParameters) => PreparedTask | Promise<PreparedTask>;

const tasks: Readonly<Record<string, Prepare>> = {
  forward: prepareForward,
  train: prepareTraining,
  agreement: prepareAgreement,
  profile: prepareProfile,
  matmul: prepareProduct,
  add: prepareAddition,
  sgd: prepareSgd,
  ema: prepareEma,
  'nearest-centroid': prepareNearestCentroid,
};

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  const prepare = tasks[String(parameters['case'])];
  if (prepare === undefined) throw new Error(`there is no task ${String(parameters['case'])}`);
  return { ...(await prepare(parameters)), ...engine };
});
