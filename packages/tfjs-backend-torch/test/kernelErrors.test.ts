import { describe, expect, test } from '@jest/globals';

import { typedError } from '../src/kernelErrors.js';

/** What the addon throws. */
const thrown = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('errors of a GPU', () => {
  test('memory of the device is not that of the CPU', () => {
    const message =
      'CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 3.05 GiB is free.';
    const error = typedError(
      thrown('OUT_OF_MEMORY', message, { bytes: 4096 }),
      'MatMul failed on a [9,9] float32',
    );
    expect(error).toMatchObject({
      code: 'OUT_OF_MEMORY',
      given: undefined,
      message: expect.stringContaining('79.11 GiB'),
      remedy: expect.stringContaining('nvidia-smi'),
    });
    const ofCpu = typedError(thrown('OUT_OF_MEMORY', 'the limit', { bytes: 4096 }), 'MatMul failed');
    expect(ofCpu).toMatchObject({ given: 4096, remedy: expect.stringContaining('memoryLimit') });
  });

  test.each([
    'CUDA error: out of memory',
    'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
    'cuDNN error: CUDNN_STATUS_ALLOC_FAILED',
  ])('%s is a lack of memory', (message) => {
    expect(typedError(thrown('TORCH_ERROR', message), 'Conv2D failed')).toMatchObject({
      code: 'OUT_OF_MEMORY',
    });
  });

  test('a libtorch for other GPUs cannot use this one', () => {
    const message = 'CUDA error: no kernel image is available for execution on the device';
    expect(typedError(thrown('TORCH_ERROR', message), 'Add failed')).toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      remedy: expect.stringContaining('doctor'),
    });
  });

  test.each([
    'CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported',
    'CUDA error: an illegal memory access was encountered',
    'CUDA error: unspecified launch failure',
  ])('after %s the process is to be started anew', (message) => {
    const error = typedError(thrown('TORCH_ERROR', message), 'GatherV2 failed');
    expect(error).toMatchObject({
      code: 'TORCH_ERROR',
      remedy: expect.stringMatching(/start it anew.*CUDA_LAUNCH_BLOCKING/),
    });
  });

  test('other errors stay what they are', () => {
    const error = typedError(thrown('TORCH_ERROR', 'CUDA error: invalid argument'), 'Add failed');
    expect(error).toMatchObject({ code: 'TORCH_ERROR', remedy: undefined });
  });
});
