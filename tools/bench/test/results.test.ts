import { describe, expect, test } from '@jest/globals';

import type { Environment } from '../harness/environment.js';
import { summarize } from '../harness/record.js';
import { median, quantile, quartiles } from '../harness/statistics.js';
import { formatTable, formatTrials } from '../harness/table.js';
import { fakeCase } from './fakeSides.js';

const environment = { cpu: 'fake' } as Environment;

describe('statistics', () => {
  test.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 8, 100], 9.5],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('quantiles are interpolated, and the values stay in their order', () => {
    const values = [5, 1, 3, 2, 4];
    expect(quartiles(values)).toEqual([2, 4]);
    expect(quantile(values, 0.1)).toBeCloseTo(1.4);
    expect(values).toEqual([5, 1, 3, 2, 4]);
  });

  test('no values have no median', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  const samples = {
    ours: { label: 'ours', values: [2, 3, 100] },
    peers: [
      { label: 'P, slow', values: [6, 6, 6] },
      { label: 'P, fast', values: [4, 4, 50] },
    ],
    versions: {},
  };

  test('compares the medians with those of the better variant', () => {
    const { record } = summarize(fakeCase(), samples, environment);
    expect(record).toMatchObject({
      name: 'fake',
      unit: 'ms',
      ours: 3,
      peer: 4,
      ratio: 0.75,
      samples: 3,
      peerName: 'P, fast',
      fastest: 'P, fast',
      variants: [
        { label: 'P, slow', median: 6 },
        { label: 'P, fast', median: 4 },
      ],
      environment,
    });
  });

  test('a variant of another kind is recorded, and not compared with', () => {
    const [slow, fast] = samples.peers;
    const peers = [slow!, { ...fast!, aside: true }];
    const { record, spread } = summarize(fakeCase(), { ...samples, peers }, environment);
    expect(record).toMatchObject({ peer: 6, ratio: 0.5, peerName: 'P, slow', fastest: 'P, fast' });
    expect(record.variants.map(({ label, aside }) => [label, aside])).toEqual([
      ['P, slow', false],
      ['P, fast', true],
    ]);
    expect(spread![0]).toBeCloseTo(2.5 / 6);
    expect(spread![1]).toBeCloseTo(51.5 / 6);
  });

  test('the spread is that of samples taken side by side', () => {
    // The ratios are .5, .75 and 2.
    expect(summarize(fakeCase(), samples, environment).spread).toEqual([0.625, 1.375]);
  });

  test('without a peer only our side has a figure', () => {
    const { record, spread } = summarize(fakeCase(), { ...samples, peers: [] }, environment);
    expect(record).toMatchObject({ ours: 3, peer: null, ratio: null, peerName: null });
    expect(spread).toBeNull();
  });
});

describe('formatTable', () => {
  const samples = (ours: number) => ({
    ours: { label: 'ours', values: [ours] },
    peers: [{ label: 'P', values: [4] }],
    versions: {},
  });

  test('shows whether a limit was kept', () => {
    const rows = [3, 5].map((ours) => summarize(fakeCase({ limit: 1 }), samples(ours), environment));
    const [, kept, exceeded] = formatTable(rows).split('\n');
    expect(kept).toMatch(/fake +ms +3\.000 +4\.000 +0\.750 +0\.750\.\.0\.750 +1\.00 kept +P$/);
    expect(exceeded).toMatch(/1\.250 .* 1\.00 EXCEEDED +P$/);
  });

  test('has more columns once there is a device', () => {
    const peers = [
      { label: 'P, eager', values: [4], hostMilliseconds: [0.5], devicePeakBytes: 2 ** 21 },
      { label: 'P, eager, bfloat16', values: [1], aside: true },
    ];
    const ours = { label: 'ours', values: [8], hostMilliseconds: [2], devicePeakBytes: 2 ** 20 };
    const result = summarize(fakeCase({ items: 64 }), { ours, peers, versions: {} }, environment);
    const [header, row] = formatTable([result]).split('\n');
    expect(header).toMatch(/ratio +quartiles +limit +host ms +items\/s +device MiB +compared with$/);
    expect(row).toMatch(
      /2\.000\.\.2\.000 +2\.000 \/ 0\.5000 +8000 \/ 16000 +1\.000 \/ 2\.000 +P, eager \(eager, bfloat16 1\.000\)$/,
    );
  });

  test('names the setting that was taken and what it computes with, and what all others took', () => {
    const library = { name: 'OpenBLAS', version: '0.3.15', threads: 2, package: 'faiss_cpu' };
    const [known, old] = ['SkylakeX', 'Prescott'].map((architecture) => [
      { ...library, architecture },
      { ...library, name: 'libgomp', version: null, architecture: null },
    ]);
    const trial = { samples: 3, libraries: old! };
    const trials = [
      { ...trial, label: 'P, SkylakeX kernels', median: 4.25, taken: true, libraries: known! },
      { ...trial, label: 'P, kernels as found', median: 20, taken: false },
    ];
    const peers = [{ label: 'P, SkylakeX kernels', values: [4], libraries: known! }];
    const result = summarize(fakeCase(), { ...samples(3), peers, trials }, environment);
    expect(result.record).toMatchObject({ peerLibraries: known, tried: trials });
    expect(formatTable([result])).toMatch(
      / P, SkylakeX kernels with faiss_cpu's OpenBLAS 0\.3\.15 SkylakeX, 2 threads$/,
    );
    const [, taken, other, ...rest] = formatTrials([result]).split('\n');
    expect(taken).toMatch(
      /^fake +ms +4\.250 +3 +taken +SkylakeX kernels +faiss_cpu's OpenBLAS 0\.3\.15 SkylakeX/,
    );
    expect(other).toMatch(/^fake +ms +20\.00 +3 +kernels as found +faiss_cpu's OpenBLAS 0\.3\.15 Prescott/);
    expect(rest).toEqual([]);
    expect(formatTrials([summarize(fakeCase(), samples(3), environment)])).toBe('');
  });

  test('says so where there was no peer', () => {
    const result = summarize(fakeCase({ limit: 1 }), { ...samples(3), peers: [] }, environment);
    expect(formatTable([result])).toMatch(/3\.000 +- +- +- +1\.00 +no peer$/);
  });
});
