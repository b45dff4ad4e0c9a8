import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createMoco, sgd, type Method, type Optimizer } from '@protocl/trainer';

import { restoreRunState, runState } from '../src/checkpoints/runState.js';
import type { State } from '../src/state.js';
import { startFastest } from './engines.js';

const made: { dispose(): void }[] = [];

function run({ width = 4, queue = 16 }): { method: Method; optimizer: Optimizer } {
  const encoder: Encoder = createEncoder({ architecture: 'resnet8', width, seed: 1 });
  const source = { size: 64, batchSize: 8 };
  const method = createMoco({ encoder, source, queue, batchNormSplits: 1 });
  const optimizer = sgd({})(method.variables);
  made.push(optimizer, method, encoder);
  return { method, optimizer };
}

let state: State;
beforeAll(async () => {
  await startFastest();
  const { method, optimizer } = run({});
  state = await runState(method, optimizer);
}, 600_000);
afterAll(() => made.forEach((each) => each.dispose()));

test('the state of a run of the same settings is taken over', async () => {
  const { method, optimizer } = run({});
  restoreRunState(state, method, optimizer);
  expect(await runState(method, optimizer)).toEqual(state);
});

test.each([
  ['another encoder', { width: 8 }, 'WEIGHTS_MISMATCH'],
  ['a queue of another length', { queue: 32 }, 'STATE_MISMATCH'],
])('that of a run with %s is refused, and the reason is told', (_, settings, cause) => {
  const { method, optimizer } = run(settings);
  expect(() => restoreRunState(state, method, optimizer)).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_MISMATCH', cause: expect.objectContaining({ code: cause }) }),
  );
});
