import { expect } from '@jest/globals';

import { TorchBackendError } from '../src/index.js';

/** The error that a call throws. */
export function thrownBy(body: () => unknown): TorchBackendError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(TorchBackendError);
    return error as TorchBackendError;
  }
  throw new Error('Nothing was thrown.');
}
