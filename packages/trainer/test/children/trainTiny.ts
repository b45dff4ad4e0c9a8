// Trains a tiny PCL with a checkpoint at every step, resuming what is there. Told where: trainTiny.ts FOLDER
import { useBackend } from '@protocl/backend';
import { createEncoder } from '@protocl/encoders';
import { cosine, createPcl, sgd, Trainer } from '@protocl/trainer';

import { stripes } from '../stripes.js';

const [folder] = process.argv.slice(2);
await useBackend('torch', { threads: 2, log: () => undefined });
const source = stripes({ size: 48, batchSize: 8 });
const encoder = createEncoder({
  architecture: 'resnet8',
  width: 4,
  head: { kind: 'mlp', dimension: 8 },
  seed: 1,
});
const method = createPcl({
  encoder,
  source,
  seed: 1,
  queue: 32,
  momentum: 0.9,
  granularities: [3, 5],
  warmupEpochs: 1,
  batchNormSplits: 2,
  expectation: { everySteps: 4, minPointsPerCentroid: 1 },
});
const trainer = new Trainer({
  method,
  source,
  optimizer: sgd(),
  schedule: cosine({ learningRate: 0.1, warmupEpochs: 0.5 }),
  epochs: 4,
  readEvery: 2,
  checkpoints: { folder: folder!, everySteps: 1, keepLast: 3 },
  resume: true,
  onEvent: (event) => process.send!(event),
});
await trainer.run();
process.disconnect();
