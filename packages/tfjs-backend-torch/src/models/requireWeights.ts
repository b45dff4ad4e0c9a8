import type { io } from '@tensorflow/tfjs-core';

import { invalidModel } from './modelJson.js';

const BYTES_OF: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['int32', 4],
  ['bool', 1],
  ['complex64', 8],
  ['float16', 2],
  ['uint16', 2],
  ['uint8', 1],
]);

/**
 * Requires that the weights take just as many bytes as there are: tfjs would cut tensors out of what is not theirs.
 *
 * @throws TorchBackendError `MODEL_INVALID`
 */
export function requireWeights(
  bytes: ArrayBuffer,
  specs: readonly io.WeightsManifestEntry[],
  path: string,
): void {
  let end = 0;
  for (const spec of specs) {
    end = spec.dtype === 'string' ? endOfStrings(bytes, end, spec) : end + bytesOf(spec, path);
    if (end > bytes.byteLength) break;
  }
  if (end === bytes.byteLength) return;
  const wanted = end > bytes.byteLength ? 'more' : `${end} bytes`;
  throw invalidModel(path, `its weights are ${bytes.byteLength} bytes, and it describes ${wanted}`);
}

function bytesOf({ name, shape, dtype, quantization }: io.WeightsManifestEntry, path: string): number {
  const stored = quantization?.dtype ?? dtype;
  const bytes = BYTES_OF.get(stored);
  if (bytes === undefined) throw invalidModel(path, `the weight '${name}' has the data type '${stored}'`);
  return numberOfElements(shape) * bytes;
}

/** Where the strings end that begin at `begin`: each is stored behind its length, a number of four bytes. */
function endOfStrings(bytes: ArrayBuffer, begin: number, { shape }: io.WeightsManifestEntry): number {
  const view = new DataView(bytes);
  let end = begin;
  for (let count = numberOfElements(shape); count > 0 && end <= bytes.byteLength; count--) {
    end += 4;
    if (end <= bytes.byteLength) end += view.getUint32(end - 4, true);
  }
  return end;
}

function numberOfElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
