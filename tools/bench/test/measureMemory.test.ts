import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { measureMemory } from '../harness/measureMemory.js';
import { FakeSides, fakeCase } from './fakeSides.js';

let fakes: FakeSides;
beforeEach(() => {
  fakes = new FakeSides();
});
afterEach(() => fakes.dispose());

test('every sample is a fresh process that lives alone and has done the same number of steps', async () => {
  const benchCase = fakeCase({
    measure: 'peak-memory',
    unit: 'MiB',
    iterations: 3,
    ours: { seconds: [0], peakBytes: 5 * 2 ** 20 - 3 },
    peers: [{ variant: 'only', task: { seconds: [0], peakBytes: 8 * 2 ** 20 - 3 } }],
  });
  const { ours, peers } = await measureMemory(benchCase, fakes.sides, { samples: 2 });
  expect(ours.values).toEqual([5, 5]);
  expect(peers).toMatchObject([{ label: 'Fake 1.0, only', values: [8, 8] }]);

  const begun = fakes.history.filter((line) => line.startsWith('begin'));
  const life = (name: string) =>
    ['prepare', 'run', 'run', 'run', 'memory'].map((cmd) => `begin ${name} ${cmd}`);
  expect(begun).toEqual([...life('ours'), ...life('peer'), ...life('peer'), ...life('ours')]);
});
