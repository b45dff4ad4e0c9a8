import { matMul, relu, tensor2d, tidy } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';

const EXPECTED = [1, 1, 3, 1];

/**
 * Computes something small on the active backend, all the way from values to values.
 *
 * @throws BackendError `BACKEND_UNAVAILABLE` where the result is wrong, or what the backend throws
 */
export async function verifyBackend(): Promise<void> {
  const product = tidy(() => relu(matMul(tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([1, -1, 0, 1], [2, 2]))));
  try {
    const values = Array.from(await product.data());
    if (values.every((value, index) => value === EXPECTED[index])) return;
    throw backendError('BACKEND_UNAVAILABLE', {
      message: 'It multiplied two small matrices wrongly',
      given: values,
      expected: EXPECTED.join(', '),
    });
  } finally {
    product.dispose();
  }
}
