import type { TensorState } from '../state.js';
import { dtypeNamed } from './dtypes.js';
import { readHeader, type TensorEntry } from './header.js';

/** What a safetensors file holds. */
export interface SafetensorsContent {
  readonly tensors: Readonly<Record<string, TensorState>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file. F64, F16 and BF16 become float32 (F64 is rounded); integers and booleans
 * become int32. The file has to be complete and consistent to the byte.
 *
 * @param bytes the whole file; the result shares no memory with it
 * @returns the tensors in the order of their bytes, and the metadata
 * @throws EncoderError `SAFETENSORS_INVALID` for a damaged file, `SAFETENSORS_DTYPE` for a dtype that
 *   TensorFlow.js has no counterpart of, `SAFETENSORS_RANGE` for integers beyond int32
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  const { entries, metadata } = readHeader(bytes);
  const tensors = Object.fromEntries(entries.map((entry) => [entry.name, readTensor(bytes, entry)]));
  return { tensors, metadata };
}

/**
 * Reads one tensor of a file whose header has been read.
 *
 * @throws EncoderError `SAFETENSORS_RANGE`
 */
export function readTensor(bytes: Uint8Array, { name, dtype, shape, begin, end }: TensorEntry): TensorState {
  // A copy, since typed arrays begin at multiples of their elements' size and tensors in a file need not.
  const own = new Uint8Array(end - begin);
  own.set(bytes.subarray(begin, end));
  return { shape, ...dtypeNamed(dtype, name).read(own.buffer, name) };
}
