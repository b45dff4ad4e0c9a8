import { beforeAll, describe, expect, test } from '@jest/globals';

import { applyCudaNumerics, type NumericsOptions } from '../src/cudaNumerics.js';
import { addon, type CudaNumerics } from '../src/native/addon.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

/** libtorch's own: TF32 in convolutions, not in products. */
const DEFAULTS: CudaNumerics = ['highest', true, false];

const options = (changes: Partial<NumericsOptions>): NumericsOptions => ({
  device: 'cuda',
  float32Precision: undefined,
  cudnnBenchmark: undefined,
  ...changes,
});

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);

describe('libtorch is told', () => {
  test.each<[Partial<NumericsOptions>, CudaNumerics]>([
    [{ float32Precision: 'highest' }, ['highest', false, false]],
    [{ float32Precision: 'high' }, ['high', true, false]],
    [{ float32Precision: 'high', cudnnBenchmark: true, device: 'cuda:1' }, ['high', true, true]],
    [{ cudnnBenchmark: true }, ['highest', true, true]],
    [{}, DEFAULTS],
    [{ float32Precision: 'high', cudnnBenchmark: true, device: 'cpu' }, DEFAULTS],
  ])('%p', (changes, expected) => {
    applyCudaNumerics(addon(), options(changes));
    expect(addon().cudaNumerics()).toEqual(expected);
  });

  test('nothing where it is that way already', () => {
    const calls: CudaNumerics[] = [];
    const recording = {
      cudaNumerics: () => DEFAULTS,
      setCudaNumerics: (...numerics: CudaNumerics) => {
        calls.push(numerics);
      },
    };
    applyCudaNumerics(recording, options({}));
    expect(calls).toEqual([]);
    applyCudaNumerics(recording, options({ float32Precision: 'highest' }));
    expect(calls).toEqual([['highest', false, false]]);
  });
});

test('a start takes back what an earlier one has set', async () => {
  applyCudaNumerics(addon(), options({ float32Precision: 'high', cudnnBenchmark: true }));
  await startTorch({ float32Precision: 'high', cudnnBenchmark: true });
  expect(addon().cudaNumerics()).toEqual(DEFAULTS);
});
