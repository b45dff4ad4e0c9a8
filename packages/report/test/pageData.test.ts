import { expect, test } from '@jest/globals';

import { pageDataOf } from '../src/pageData.js';
import type { JsonObject } from '../src/reportInput.js';

const start: JsonObject = { type: 'start', epoch: 0, step: 0, epochs: 40, stepsPerEpoch: 2000 };

test.each<[string, JsonObject]>([
  ['epoch 0.2 of 40', { type: 'step', epoch: 0, step: 400 }],
  ['epoch 0.29 of 40', { type: 'step', epoch: 0, step: 580 }],
  ['epoch 7 of 40', { type: 'epoch', epoch: 7 }],
  // Which is not over yet.
  ['epoch 39.99 of 40', { type: 'step', epoch: 39, step: 1999 }],
  ['completed, epoch 40 of 40', { type: 'end', epoch: 40, step: 0, status: 'completed' }],
])('a run is told to be at %s', (status, last) => {
  expect(pageDataOf([{ name: 'run', log: [start, last] }]).runs[0]).toMatchObject({ status });
});
