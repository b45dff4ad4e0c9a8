import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { acrossCores, coresToTry, withCore } from '../harness/blasCores.js';
import { runCases } from '../harness/runCases.js';
import { FakeSides, fakeCase } from './fakeSides.js';

let fakes: FakeSides;
const lines: string[] = [];
beforeEach(() => {
  fakes = new FakeSides();
  lines.length = 0;
});
afterEach(() => fakes.dispose());

const options = { samples: 1, tournament: true, device: 'cpu', report: (line: string) => lines.push(line) };
const peers = ['contiguous', 'channels_last'].map((variant, i) => ({
  variant,
  task: { seconds: [0.004 * (i + 1)] },
}));
const cases = [fakeCase({ name: 'layouts', peers }), fakeCase({ name: 'one way' })];

describe('a setting of the peer', () => {
  test('can be pinned; cases without it are left out', async () => {
    const { results } = await runCases(cases, fakes.sides, { ...options, peerSetting: 'last' });
    expect(results.map(({ record: { name, peer, peerName } }) => [name, peer, peerName])).toEqual([
      ['layouts', 8, 'Fake 1.0, channels_last'],
    ]);
  });

  test('that no case has is refused, and those that there are listed', async () => {
    await expect(runCases(cases, fakes.sides, { ...options, peerSetting: 'frozen' })).rejects.toMatchObject({
      code: 'BENCH_USAGE',
      message: expect.stringContaining('layouts: contiguous | channels_last\none way: the only one'),
    });
  });

  test('can be listed, and nothing is measured then', async () => {
    const outcome = await runCases(cases, fakes.withoutPeer, { ...options, listPeerSettings: true });
    expect(outcome.results).toEqual([]);
    expect(lines).toEqual(['layouts: contiguous | channels_last\none way: the only one']);
  });
});

describe("the kernels of a peer's OpenBLAS", () => {
  const cores = ['SkylakeX', 'Haswell'];
  const withArchitecture = (architecture: string) => ({
    ...fakes.side('peer'),
    environment: { OPENBLAS_CORETYPE: undefined, FAKE_ARCHITECTURE: architecture },
  });

  test('are tried where it takes others than those of the processor', async () => {
    expect(await coresToTry(withArchitecture('Prescott'), cores)).toEqual(cores);
    expect(await coresToTry(withArchitecture('SkylakeX'), cores)).toEqual([]);
    expect(await coresToTry(withCore(withArchitecture('Prescott'), 'SkylakeX'), cores)).toEqual([]);
  });

  test('are settings of their own, beside those that it takes by itself', () => {
    const way = { variant: 'flat', task: { k: 1 } };
    expect(acrossCores([way], [])).toEqual([way]);
    expect(acrossCores([way], cores)).toEqual([
      {
        ...way,
        variant: 'flat, SkylakeX kernels',
        environment: { OPENBLAS_CORETYPE: 'SkylakeX' },
        mayFail: true,
      },
      {
        ...way,
        variant: 'flat, Haswell kernels',
        environment: { OPENBLAS_CORETYPE: 'Haswell' },
        mayFail: true,
      },
      { ...way, variant: 'flat, kernels as found' },
    ]);
  });
});
