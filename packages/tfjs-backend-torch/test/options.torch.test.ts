import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { prepareTorch, registerTorchBackend, TorchBackend, type TorchBackendOptions } from '../src/index.js';
import { STARTUP_TIMEOUT_MS } from './startTorch.js';
import { thrownBy } from './thrownBy.js';

describe('before the start', () => {
  test('there is no backend to be made', () => {
    expect(thrownBy(() => new TorchBackend('cpu'))).toMatchObject({
      code: 'NOT_INITIALIZED',
      remedy: expect.stringContaining('setBackend'),
    });
  });

  test.each([
    [{ device: 'gpu' }, 'gpu'],
    [{ device: 'cuda:x' }, 'cuda:x'],
    [{ device: '' }, ''],
    [{ threads: 0 }, 0],
    [{ threads: 1.5 }, 1.5],
    [{ memoryLimit: -1 }, -1],
    [{ memoryLimit: NaN }, NaN],
    [{ float32Precision: 'medium' }, 'medium'],
    [{ float32Precision: 32 }, 32],
    [{ cudnnBenchmark: 1 }, 1],
  ])('the options %p are refused', (options, given) => {
    const error = thrownBy(() => registerTorchBackend(options as TorchBackendOptions));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', given });
    expect(error.expected).toBeDefined();
  });

  test('an option that there is not is refused, with those that there are', async () => {
    const misspelt = { memorylimit: 1 } as TorchBackendOptions;
    const unknown = { code: 'UNKNOWN_OPTION', given: 'memorylimit' };
    expect(thrownBy(() => registerTorchBackend(misspelt))).toMatchObject({
      ...unknown,
      expected: expect.stringContaining('memoryLimit'),
    });
    await expect(prepareTorch(misspelt)).rejects.toMatchObject(unknown);
  });

  test('a device that the environment names is checked as well', () => {
    const before = process.env['PROTOCL_DEVICE'];
    process.env['PROTOCL_DEVICE'] = 'tpu';
    try {
      expect(thrownBy(() => registerTorchBackend())).toMatchObject({ code: 'INVALID_OPTION', given: 'tpu' });
      expect(() => registerTorchBackend({ device: 'cpu' })).not.toThrow();
    } finally {
      if (before === undefined) delete process.env['PROTOCL_DEVICE'];
      else process.env['PROTOCL_DEVICE'] = before;
    }
  });

  test(
    'a device that this machine lacks is said to be unavailable',
    async () => {
      registerTorchBackend({ device: 'cuda:99' });
      await expect(Promise.resolve(tf.findBackendFactory('torch')())).rejects.toMatchObject({
        code: 'DEVICE_UNAVAILABLE',
        given: 'cuda:99',
        remedy: expect.stringContaining('doctor'),
      });
    },
    STARTUP_TIMEOUT_MS,
  );
});
