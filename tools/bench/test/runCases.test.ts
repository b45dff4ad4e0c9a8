import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

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
      peerLibraries: [],
      tried: [],
      hostMilliseconds: { ours: null, peer: null },
      itemsPerSecond: { ours: null, peer: null },
      deviceMiB: { ours: null, peer: null },
      variants: [
        {
          label: 'Fake 1.0',
          median: 4,
          aside: false,
          hostMilliseconds: null,
          itemsPerSecond: null,
          deviceMiB: null,
        },
      ],
      fastest: 'Fake 1.0',
      leftOut: [],
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

test('what a side tells of its host, its rate and its device is in the record', async () => {
  const ours = { seconds: [0.002], hostSeconds: 0.0005, devicePeakBytes: 3 * 2 ** 20 };
  const peers = [{ variant: '', task: { seconds: [0.004], hostSeconds: 0.001, devicePeakBytes: 2 ** 20 } }];
  const { results } = await runCases([fakeCase({ ours, peers, items: 64 })], fakes.sides, options);
  const [{ record }] = results as [(typeof results)[number]];
  expect(record.hostMilliseconds.ours).toBeCloseTo(0.5);
  expect(record.hostMilliseconds.peer).toBeCloseTo(1);
  expect(record.itemsPerSecond).toEqual({ ours: 32_000, peer: 16_000 });
  expect(record.deviceMiB).toEqual({ ours: 3, peer: 1 });
});

test('a variant that fails is told by name with its message, and the case goes on', async () => {
  const peers = [
    { variant: 'eager', task: { seconds: [0.004] } },
    { variant: 'compiled', task: { seconds: [1], failAt: 1 }, mayFail: true },
    { variant: 'newer', task: { unsupported: true } },
  ];
  const { results, failures } = await runCases([fakeCase({ peers })], fakes.sides, options);
  expect(failures).toEqual([]);
  const leftOut = [
    { label: 'Fake 1.0, newer', reason: 'not in this version' },
    { label: 'Fake 1.0, compiled', reason: expect.stringContaining('out of luck') },
  ];
  expect(results[0]!.record).toMatchObject({ peer: 4, peerName: 'Fake 1.0, eager' });
  expect(results[0]!.record.leftOut).toEqual(expect.arrayContaining(leftOut));
  expect(lines).toContainEqual(expect.stringMatching(/^without Fake 1\.0, compiled: .*out of luck/));
});

describe('sides that are kept', () => {
  // A fake side counts its runs for as long as its process lives, and takes its seconds in turn.
  const cases = ['first', 'second'].map((name) =>
    fakeCase({ name, ours: { seconds: Array.from({ length: 9 }, (_, i) => (i + 1) / 1e3) } }),
  );
  const oursOf = async (keepSides: boolean) => {
    const { results } = await runCases(cases, fakes.sides, { ...options, samples: 1, keepSides });
    return results.map(({ record }) => record.ours);
  };

  test('go on from case to case, what they had prepared being released', async () => {
    // Two runs to warm up, and one sample.
    expect(await oursOf(true)).toEqual([3, 6]);
    const ours = fakes.history
      .filter((line) => line.startsWith('begin ours'))
      .map((line) => line.split(' ')[2]);
    const once = ['prepare', 'run', 'run', 'reset-memory', 'run', 'memory', 'release'];
    expect(ours).toEqual([...once, ...once]);
  });

  test('are kept on a device only', async () => {
    expect(await oursOf(false)).toEqual([3, 3]);
  });

  test('are replaced once they have failed', async () => {
    const failing = fakeCase({ name: 'failing', ours: { seconds: [1], failAt: 2 } });
    const { results, failures } = await runCases([failing, ...cases], fakes.sides, {
      ...options,
      samples: 1,
      keepSides: true,
    });
    expect(failures).toHaveLength(1);
    expect(results.map(({ record }) => record.ours)).toEqual([3, 6]);
  });
});

test('once time is up, cases end with the samples they have, and the rest is skipped', async () => {
  const cases = ['first', 'second', 'third'].map((name) => fakeCase({ name }));
  const stop = new AbortController();
  const { results, failures, skipped } = await runCases(cases, fakes.sides, {
    ...options,
    signal: stop.signal,
    onResult: () => stop.abort(),
  });
  expect(results.map(({ record }) => record.name)).toEqual(['first']);
  expect(failures).toEqual([]);
  expect(skipped).toEqual(['second', 'third']);
  expect(lines.at(-1)).toBe('there was no time for second, third');
});

test('the filter selects by name', async () => {
  const cases = ['train/small', 'forward/small', 'train/large'].map((name) => fakeCase({ name }));
  await runCases(cases, fakes.withoutPeer, { ...options, filter: 'train' });
  expect(lines).toEqual(['train/small', 'train/large']);
});
