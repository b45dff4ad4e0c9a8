import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runCases } from '../harness/runCases.js';
import { FakeSides, fakeCase } from './fakeSides.js';

let fakes: FakeSides;
const lines: string[] = [];
beforeEach(() => {
  fakes = new FakeSides();
  lines.length = 0;
});
afterEach(() => fakes.dispose());

const options = { samples: 2, device: 'cpu', report: (line: string) => lines.push(line) };

test('a record tells what was measured, where and with what', async () => {
  const { results, failures } = await runCases([fakeCase({ threads: 2 })], fakes.sides, options);
  expect(failures).toEqual([]);
  expect(results.map(({ record }) => record)).toEqual([
    {
      name: 'fake',
      unit: 'ms',
      ours: 2,
      peer: 4,
      ratio: 0.5,
      samples: 2,
      peerName: 'Fake 1.0',
      environment: {
        cpu: expect.any(String),
        cores: expect.any(Number),
        threads: 2,
        device: 'cpu',
        os: expect.any(String),
        node: process.versions.node,
        torch: null,
        libtorch: null,
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    },
  ]);
});

test('a case that fails is reported and does not stop the others', async () => {
  const broken = fakeCase({ name: 'broken', ours: { seconds: [1], exitAt: 0 } });
  const cases = [broken, fakeCase({ name: 'sound' })];
  const { results, failures } = await runCases(cases, fakes.sides, options);
  expect(results.map(({ record }) => record.name)).toEqual(['sound']);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatch(/^broken: ours exited with code 7 during "run"/);
});

test('the filter selects by name', async () => {
  const cases = ['train/small', 'forward/small', 'train/large'].map((name) => fakeCase({ name }));
  await runCases(cases, fakes.withoutPeer, { ...options, filter: 'train' });
  expect(lines).toEqual(['train/small', 'train/large']);
});
