import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { measureTime } from '../harness/measureTime.js';
import { FakeSides, fakeCase } from './fakeSides.js';

let fakes: FakeSides;
beforeEach(() => {
  fakes = new FakeSides();
});
afterEach(() => fakes.dispose());

const layouts = [
  { variant: 'first', task: { seconds: [0.004] } },
  { variant: 'second', task: { seconds: [0.003] } },
];

describe('measureTime', () => {
  test('takes one sample at a time, forwards and backwards in turn', async () => {
    await measureTime(fakeCase(), fakes.sides, { samples: 4, warmups: 1 });
    const runs = fakes.history.filter((line) => line.endsWith(' run'));
    const begun = runs.filter((line) => line.startsWith('begin')).map((line) => line.split(' ')[1]);
    const [warmup, ...rounds] = [0, 2, 4, 6, 8].map((start) => begun.slice(start, start + 2).join());
    expect(warmup).toBe('ours,peer');
    expect(rounds).toEqual(['ours,peer', 'peer,ours', 'ours,peer', 'peer,ours']);
    for (let i = 0; i < runs.length; i += 2) {
      expect(runs[i + 1]).toBe(runs[i]!.replace('begin', 'end'));
    }
  });

  test('gives every sample in the unit of the case and throws the warm-up away', async () => {
    const benchCase = fakeCase({ ours: { seconds: [9, 9, 0.001, 0.002, 0.003] } });
    const { ours, peers } = await measureTime(benchCase, fakes.sides, { samples: 3, warmups: 2 });
    expect(ours.values).toEqual([1, 2, 3]);
    expect(peers).toMatchObject([{ label: 'Fake 1.0', values: [4, 4, 4] }]);
  });

  test('repeats short work until a sample is long enough', async () => {
    const benchCase = fakeCase({ unit: 'us', iterations: undefined });
    const { ours } = await measureTime(benchCase, fakes.sides, { samples: 2, sampleSeconds: 1 });
    const samples = fakes.iterations('ours').slice(-2);
    expect(samples).toEqual([500, 500]);
    for (const value of ours.values) expect(value).toBeCloseTo(2000);
  });

  test('names the variants of the peer and collects the versions of both sides', async () => {
    const measured = await measureTime(fakeCase({ peers: layouts }), fakes.sides, { samples: 1 });
    expect(measured.peers.map(({ label }) => label)).toEqual(['Fake 1.0, first', 'Fake 1.0, second']);
    expect(measured.versions).toEqual({ ours: '1.0', peer: '1.0' });
  });

  test('goes on without a variant that the peer does not have', async () => {
    const peers = [...layouts, { variant: 'new', task: { unsupported: true } }];
    const measured = await measureTime(fakeCase({ peers }), fakes.sides, { samples: 1 });
    expect(measured.peers.map(({ label }) => label)).toEqual(['Fake 1.0, first', 'Fake 1.0, second']);
  });

  test('takes the time of the host from bursts that a queue has room for', async () => {
    const benchCase = fakeCase({
      unit: 'us',
      iterations: 5000,
      ours: { seconds: [1e-5], hostSeconds: 4e-6, devicePeakBytes: 1 },
      peers: [{ variant: '', task: { seconds: [0.1] } }],
    });
    const { ours, peers } = await measureTime(benchCase, fakes.sides, { samples: 2 });
    expect(ours.values[0]).toBeCloseTo(10);
    expect(ours.hostMilliseconds).toHaveLength(5);
    for (const value of ours.hostMilliseconds!) expect(value).toBeCloseTo(4e-3);
    // 2 ms at 10 us each.
    expect(fakes.iterations('ours').slice(-6)).toEqual([5000, 200, 200, 200, 200, 200]);
    expect(peers[0]!.hostMilliseconds).toEqual([]);
  });

  test('without a device takes the time of the host from the samples', async () => {
    const benchCase = fakeCase({ ours: { seconds: [0.002], hostSeconds: 0.001 } });
    const { ours } = await measureTime(benchCase, fakes.sides, { samples: 3, warmups: 1 });
    expect(ours.hostMilliseconds).toEqual([1, 1, 1]);
    expect(fakes.iterations('ours')).toHaveLength(4);
  });

  test('variants that compile are prepared at the same time, after all others', async () => {
    const compiled = ['a', 'b'].map((variant) => ({
      variant,
      task: { seconds: [0.004], prepareSeconds: 0.3 },
      compiles: true,
    }));
    const peers = [...compiled, { variant: 'c', task: { seconds: [0.004] } }];
    await measureTime(fakeCase({ peers }), fakes.sides, { samples: 1, warmups: 0 });
    const prepared = fakes.history.filter((line) => line.endsWith(' prepare'));
    expect(prepared.slice(0, 4)).toEqual(
      ['ours', 'peer'].flatMap((name) => [`begin ${name} prepare`, `end ${name} prepare`]),
    );
    expect(prepared.slice(4)).toEqual(['begin', 'begin', 'end', 'end'].map((what) => `${what} peer prepare`));
  });

  test('ends with the samples that there are when time is up', async () => {
    const signal = fakes.signalOnce(
      (history) => history.filter((line) => line === 'end ours run').length > 6,
    );
    const { ours, peers } = await measureTime(fakeCase(), fakes.sides, { samples: 1e6, signal });
    expect(ours.values.length).toBeGreaterThan(2);
    expect(Math.abs(ours.values.length - peers[0]!.values.length)).toBeLessThan(2);
  });

  test('without a sample there is no figure', async () => {
    const signal = AbortSignal.abort();
    await expect(measureTime(fakeCase(), fakes.sides, { samples: 1, signal })).rejects.toMatchObject({
      code: 'BENCH_TIME_UP',
    });
  });

  test('a side that hangs is ended when time is up', async () => {
    const peers = [{ variant: '', task: { seconds: [1], hangAt: 2 } }];
    const signal = fakes.signalOnce(
      (history) => history.filter((line) => line === 'begin peer run').length > 2,
    );
    const measured = await measureTime(fakeCase({ peers }), fakes.sides, { samples: 3, signal });
    expect(measured.ours.values).toHaveLength(1);
    expect(measured.leftOut).toEqual([{ label: 'Fake 1.0', reason: 'there was no time for it' }]);
  });

  test('measures our side alone where there is no peer', async () => {
    const { ours, peers } = await measureTime(fakeCase(), fakes.withoutPeer, { samples: 3 });
    expect(ours.values).toEqual([2, 2, 2]);
    expect(peers).toEqual([]);
  });

  test('reports a side that dies, with what it printed last', async () => {
    const benchCase = fakeCase({ peers: [{ variant: '', task: { seconds: [1], exitAt: 3 } }] });
    const error = await measureTime(benchCase, fakes.sides, { samples: 5 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'BENCH_SIDE_CRASHED' });
    expect((error as Error).message).toContain('Fake 1.0 exited with code 7 during "run"');
    expect((error as Error).message).toContain('something is badly wrong');
  });

  test('reports a side that cannot be started', async () => {
    const sides = { ...fakes.sides, peer: { ...fakes.side('peer'), command: '/no/such/program' } };
    await expect(measureTime(fakeCase(), sides, { samples: 1 })).rejects.toMatchObject({
      code: 'BENCH_SIDE_CRASHED',
      message: expect.stringContaining('ENOENT'),
    });
  });

  test('passes on the error that a side reports', async () => {
    const benchCase = fakeCase({ ours: { seconds: [1], failAt: 2 } });
    await expect(measureTime(benchCase, fakes.sides, { samples: 5 })).rejects.toMatchObject({
      code: 'BENCH_SIDE_FAILED',
      message: expect.stringContaining('out of luck'),
    });
  });
});
