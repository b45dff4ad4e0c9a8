import { expect, test } from '@jest/globals';

import { engineCases } from '../engine/cases.js';
import { parseOptions } from '../options.js';

test('PyTorch is tried in both layouts, eager and compiled, and with all of its optimizers', () => {
  const cases = engineCases(parseOptions(['engine', '--threads', '2']));
  const waysOf = (name: string) =>
    cases.find((one) => one.name === name)!.peers.map(({ variant }) => variant);
  const eager = ['contiguous', 'channels_last'].flatMap((layout) =>
    ['default', 'fused'].map((optimizer) => `${layout}, ${optimizer} optimizer`),
  );
  const compiled = ['contiguous, compiled', 'channels_last, compiled'];
  expect(waysOf('resnet18/train/threads-2')).toEqual([...eager, ...compiled]);
  expect(waysOf('resnet18/forward/threads-2')).toEqual(['contiguous', 'channels_last', ...compiled]);
  expect(waysOf('resnet18/train/peak-memory')).toEqual(eager);
  expect(waysOf('matmul/1024x1024x1024/threads-2')).toEqual(['new result', 'same result', 'numpy']);
  expect(waysOf('sgd-step/threads-2')).toEqual(['default', 'foreach', 'fused', 'compiled']);
  expect(waysOf('ema-step/threads-2')).toEqual(['loop', 'foreach', 'compiled']);
  // What has to be compiled needs a C++ compiler; the case goes on without one.
  for (const { peers } of cases) {
    for (const { variant, mayFail, compiles } of peers)
      if (variant.endsWith('compiled')) expect([mayFail, compiles]).toEqual([true, true]);
  }
});
