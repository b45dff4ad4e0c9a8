import { readFile } from 'node:fs/promises';

import { isProtoclError, ProtoclError } from '@protocl/core';

import type { Encoder } from './encoder.js';
import { encoderError } from './errors.js';
import { loadWeights, requireLoadOptions, type LoadReport, type LoadWeightsOptions } from './loadWeights.js';

/**
 * Loads weights and running statistics that `saveEncoder` or PyTorch has written as safetensors, with
 * torchvision's names. All tensors under the prefix have to fit; the encoder is changed wholly or not at
 * all.
 *
 * @throws EncoderError `FILE_NOT_READABLE`, and what {@link loadWeights} throws, with the path
 */
export async function loadEncoder(
  encoder: Encoder,
  path: string,
  options: LoadWeightsOptions = {},
): Promise<LoadReport> {
  requireLoadOptions('loadEncoder', options);
  const bytes = await readBytes(path);
  try {
    return await loadWeights(encoder, bytes, options);
  } catch (error) {
    if (!isProtoclError(error)) throw error;
    throw new ProtoclError(error.code, { message: `${path}: ${error.message}`, cause: error });
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw encoderError('FILE_NOT_READABLE', {
      message: `a file of weights could not be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      given: path,
      expected: 'a safetensors file',
      remedy: 'Check the path and the permissions',
      cause,
    });
  }
}
