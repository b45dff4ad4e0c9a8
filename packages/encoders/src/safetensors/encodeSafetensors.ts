import { encoderError } from '../errors.js';
import type { TensorState } from '../state.js';
import { LENGTH_BYTES, METADATA_KEY } from './header.js';

/** The header is padded to this, so that the tensors begin at a multiple of it. */
const ALIGNMENT = 8;

/**
 * Writes tensors in the safetensors format: F32 first, then I32, each sorted by name, as the format's
 * reference implementation does. The same tensors give the same bytes.
 *
 * @param tensors by name; `__metadata__` is taken
 * @param metadata strings that the header carries
 * @returns the whole file
 * @throws EncoderError `INVALID_TENSOR` if a tensor's data are not what its dtype and shape say, or its
 *   name cannot be used
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, TensorState>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(tensors).sort(byDtypeAndName);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([METADATA_KEY, metadata]);
  let size = 0;
  for (const [name, tensor] of sorted) {
    requireConsistent(name, tensor);
    const begin = size;
    size += tensor.data.byteLength;
    const dtype = tensor.dtype === 'float32' ? 'F32' : 'I32';
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [begin, size] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerSize = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(LENGTH_BYTES + headerSize + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerSize), true);
  file.set(text, LENGTH_BYTES);
  file.fill(' '.charCodeAt(0), LENGTH_BYTES + text.length, LENGTH_BYTES + headerSize);
  let position = LENGTH_BYTES + headerSize;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

type Named = readonly [string, TensorState];

function byDtypeAndName([nameA, a]: Named, [nameB, b]: Named): number {
  if (a.dtype !== b.dtype) return a.dtype === 'float32' ? -1 : 1;
  return nameA < nameB ? -1 : 1;
}

function requireConsistent(name: string, { dtype, shape, data }: TensorState): void {
  const size = shape.reduce((product, length) => product * length, 1);
  const isTyped = dtype === 'float32' ? data instanceof Float32Array : data instanceof Int32Array;
  if (name !== METADATA_KEY && isTyped && data.length === size) return;
  throw encoderError('INVALID_TENSOR', {
    message: `the tensor ${name} cannot be written`,
    given: `dtype ${dtype}, shape [${shape.join(', ')}], ${data.constructor.name} of ${data.length}`,
    expected: `${size} float32 or int32 values in a typed array, under another name than ${METADATA_KEY}`,
  });
}
