import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { PeerVariant } from '../harness/comparison.js';
import { measureMemory } from '../harness/measureMemory.js';
import { measureTime } from '../harness/measureTime.js';
import { FakeSides, fakeCase } from './fakeSides.js';

let fakes: FakeSides;
beforeEach(() => {
  fakes = new FakeSides();
});
afterEach(() => fakes.dispose());

const lines: string[] = [];
const options = { samples: 4, tournament: true, report: (line: string) => lines.push(line) };
beforeEach(() => {
  lines.length = 0;
});

/** Settings that take so many milliseconds; more than one: run for run. */
function settings(times: Readonly<Record<string, number | readonly number[]>>): PeerVariant[] {
  return Object.entries(times).map(([variant, milliseconds]) => ({
    variant,
    task: { seconds: [milliseconds].flat().map((value) => value / 1e3) },
  }));
}

/** How many runs of the peer's there were, whichever setting's. */
const peerRuns = (): number => fakes.history.filter((line) => line === 'begin peer run').length;

describe('before time is measured', () => {
  test('the fastest of the settings is found, and ours is measured beside it alone', async () => {
    const peers = settings({ slow: 8, fast: 4, 'slower still': 9 });
    const { ours, peers: measured, trials } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(ours.values).toHaveLength(4);
    expect(measured.map(({ label, values }) => [label, values])).toEqual([['Fake 1.0, fast', [4, 4, 4, 4]]]);
    expect(trials).toEqual([
      { label: 'Fake 1.0, slow', median: 8, samples: 3, taken: false, libraries: [] },
      { label: 'Fake 1.0, fast', median: 4, samples: 3, taken: true, libraries: [] },
      { label: 'Fake 1.0, slower still', median: 9, samples: 3, taken: false, libraries: [] },
    ]);
    expect(lines).toEqual([
      '  Fake 1.0, slow: 8.000 ms',
      '  Fake 1.0, fast: 4.000 ms',
      '  Fake 1.0, slower still: 9.000 ms',
    ]);
  });

  test('those that are close take more samples in turn, and the lowest median wins', async () => {
    // A run to get warm, three samples; then three more in turn, in which the first is the slower one.
    const peers = settings({ first: [9, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5], second: [9, 4.1] });
    peers[1] = { ...peers[1]!, task: { seconds: [0.009, ...Array<number>(20).fill(0.0041)] } };
    const { peers: measured, trials } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(measured.map(({ label }) => label)).toEqual(['Fake 1.0, second']);
    expect(trials!.map(({ samples, taken }) => [samples, taken])).toEqual([
      [6, false],
      [6, true],
    ]);
  });

  test('work of seconds is tried once, and what is far too slow in its first run not again', async () => {
    const peers = settings({ best: 12_000, close: 13_000, slow: 20_000, 'far too slow': 60_000 });
    const { trials } = await measureTime(
      fakeCase({ unit: 's', ours: { seconds: [12] }, peers }),
      fakes.sides,
      {
        ...options,
        samples: 1,
      },
    );
    expect(trials!.map(({ label, median, samples }) => [label, median, samples])).toEqual([
      ['Fake 1.0, best', 12, 2],
      ['Fake 1.0, close', 13, 2],
      ['Fake 1.0, slow', 20, 1],
      ['Fake 1.0, far too slow', 60, 1],
    ]);
    // 3 of the best and of the close one, 2 of the slow one, 1; then one to get warm and one sample.
    expect(peerRuns()).toBe(3 + 3 + 2 + 1 + 1 + 1);
  });

  test('both sides warm up as often', async () => {
    await measureTime(fakeCase({ peers: settings({ slow: 8, fast: 4 }) }), fakes.sides, options);
    const runs = fakes.history
      .filter((line) => /^begin \w+ run$/.test(line))
      .map((line) => line.split(' ')[1]);
    expect(runs.slice(8)).toEqual([
      'ours',
      'peer',
      'ours',
      'peer',
      ...[1, 2, 3, 4].flatMap((round) => (round % 2 === 1 ? ['ours', 'peer'] : ['peer', 'ours'])),
    ]);
  });

  test('what is not compared with is measured all the same', async () => {
    const [slow, fast, other] = settings({ slow: 8, fast: 4, other: 1 });
    const peers = [slow!, fast!, { ...other!, aside: true }];
    const { peers: measured, trials } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(measured.map(({ label }) => label)).toEqual(['Fake 1.0, fast', 'Fake 1.0, other']);
    expect(trials).toHaveLength(2);
  });

  test('a setting that fails, or that the peer does not have, is left out with its reason', async () => {
    const peers = [
      { variant: 'crashes', task: { seconds: [0.001], exitAt: 1 }, mayFail: true },
      { variant: 'new', task: { unsupported: true } },
      ...settings({ sound: 4 }),
    ];
    const { peers: measured, leftOut } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(measured.map(({ label }) => label)).toEqual(['Fake 1.0, sound']);
    expect(leftOut).toEqual([
      { label: 'Fake 1.0, crashes', reason: expect.stringContaining('exited with code 7') },
      { label: 'Fake 1.0, new', reason: 'not in this version' },
    ]);
  });

  test('a setting that must not fail ends the case', async () => {
    const peers = [...settings({ sound: 4 }), { variant: 'broken', task: { seconds: [1], failAt: 1 } }];
    await expect(measureTime(fakeCase({ peers }), fakes.sides, options)).rejects.toMatchObject({
      code: 'BENCH_SIDE_FAILED',
    });
  });

  test('the only setting is not tried, but what it computes with is asked for', async () => {
    const libraries = [
      { name: 'OpenBLAS', version: '0.3.15', architecture: 'SkylakeX', threads: 2, package: 'faiss_cpu' },
    ];
    const peers = [{ variant: '', task: { seconds: [0.004], libraries } }];
    const { peers: measured, trials } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(trials).toEqual([]);
    expect(measured[0]!.libraries).toEqual(libraries);
    expect(peerRuns()).toBe(2 + 4);
  });

  test('each setting has its own environment', async () => {
    const peers = ['Haswell', 'SkylakeX'].map((core, i) => ({
      variant: core,
      task: { seconds: [0.004 / (i + 1)] },
      environment: { OPENBLAS_CORETYPE: core },
    }));
    const { trials } = await measureTime(fakeCase({ peers }), fakes.sides, options);
    expect(trials!.map(({ libraries }) => libraries[0]?.architecture)).toEqual(['Haswell', 'SkylakeX']);
  });

  test('time that is up ends it', async () => {
    const signal = fakes.signalOnce((history) => history.includes('begin peer run'));
    const peers = [{ variant: 'hangs', task: { seconds: [1], hangAt: 0 } }, ...settings({ other: 4 })];
    await expect(measureTime(fakeCase({ peers }), fakes.sides, { ...options, signal })).rejects.toMatchObject(
      {
        code: 'BENCH_TIME_UP',
      },
    );
  });
});

test('of memory, the first sample decides which settings are measured on', async () => {
  const peers = ['large', 'small', 'close'].map((variant, i) => ({
    variant,
    task: { seconds: [0], peakBytes: [16, 8, 8.5][i]! * 2 ** 20 - 1 },
  }));
  const benchCase = fakeCase({ measure: 'peak-memory', unit: 'MiB', peers });
  const { peers: measured, trials } = await measureMemory(benchCase, fakes.sides, {
    samples: 3,
    tournament: true,
  });
  expect(measured.map(({ label, values }) => [label, values.length])).toEqual([
    ['Fake 1.0, small', 3],
    ['Fake 1.0, close', 3],
  ]);
  expect(trials!.map(({ median, samples, taken }) => [median, samples, taken])).toEqual([
    [16, 1, false],
    [8, 1, true],
    [8.5, 1, true],
  ]);
});
