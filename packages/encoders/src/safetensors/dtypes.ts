import { encoderError } from '../errors.js';
import type { TensorState } from '../state.js';

interface Dtype {
  /** Of one element. */
  readonly bytes: number;
  /** Reads little-endian elements that begin at byte 0 of a buffer of their own. */
  readonly read: (buffer: ArrayBuffer, name: string) => Pick<TensorState, 'dtype' | 'data'>;
}

const float32 = (data: Float32Array) => ({ dtype: 'float32', data }) as const;
const int32 = (data: Int32Array) => ({ dtype: 'int32', data }) as const;

/** The dtypes that can be read; every engine and platform of TensorFlow.js is little-endian, as the format is. */
const DTYPES: Readonly<Record<string, Dtype>> = {
  F32: { bytes: 4, read: (buffer) => float32(new Float32Array(buffer)) },
  F64: { bytes: 8, read: (buffer) => float32(new Float32Array(new Float64Array(buffer))) },
  F16: { bytes: 2, read: (buffer) => float32(halfToFloat32(new Uint16Array(buffer))) },
  BF16: { bytes: 2, read: (buffer) => float32(fromBrain(new Uint16Array(buffer))) },
  I32: { bytes: 4, read: (buffer) => int32(new Int32Array(buffer)) },
  I16: { bytes: 2, read: (buffer) => int32(new Int32Array(new Int16Array(buffer))) },
  I8: { bytes: 1, read: (buffer) => int32(new Int32Array(new Int8Array(buffer))) },
  U16: { bytes: 2, read: (buffer) => int32(new Int32Array(new Uint16Array(buffer))) },
  U8: { bytes: 1, read: (buffer) => int32(new Int32Array(new Uint8Array(buffer))) },
  BOOL: { bytes: 1, read: (buffer) => int32(new Int32Array(new Uint8Array(buffer))) },
  U32: { bytes: 4, read: (buffer, name) => int32(narrowed(new Uint32Array(buffer), name)) },
  I64: { bytes: 8, read: (buffer, name) => int32(narrowed(new BigInt64Array(buffer), name)) },
  U64: { bytes: 8, read: (buffer, name) => int32(narrowed(new BigUint64Array(buffer), name)) },
};

/**
 * The dtype of that name.
 *
 * @throws EncoderError `SAFETENSORS_DTYPE` if the format or this package does not know it
 */
export function dtypeNamed(dtype: string, tensorName: string): Dtype {
  if (Object.hasOwn(DTYPES, dtype)) return DTYPES[dtype]!;
  throw encoderError('SAFETENSORS_DTYPE', {
    message: `the tensor ${tensorName} is of a dtype that cannot be read`,
    given: dtype,
    expected: Object.keys(DTYPES).join(', '),
    remedy: 'Save it as float32',
  });
}

function narrowed(values: Uint32Array | BigInt64Array | BigUint64Array, name: string): Int32Array {
  const narrow = new Int32Array(values.length);
  for (const [index, value] of values.entries()) {
    narrow[index] = Number(value);
    if (narrow[index] === Number(value)) continue;
    throw encoderError('SAFETENSORS_RANGE', {
      message: `the tensor ${name} holds an integer that int32 cannot hold`,
      given: String(value),
      expected: '-2147483648 .. 2147483647',
      remedy: 'Leave the tensor out of the file, or save it as float32',
    });
  }
  return narrow;
}

/**
 * float16, as float32.
 *
 * @param words IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction
 */
export function halfToFloat32(words: Uint16Array): Float32Array {
  const values = new Float32Array(words.length);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >>> 10) & 0x1f;
    const fraction = word & 0x3ff;
    if (exponent === 0) values[index] = sign * fraction * 2 ** -24;
    else if (exponent === 0x1f) values[index] = fraction === 0 ? sign * Infinity : NaN;
    else values[index] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

/** bfloat16 is the upper half of a float32. */
function fromBrain(words: Uint16Array): Float32Array {
  const halves = new Uint16Array(2 * words.length);
  for (let index = 0; index < words.length; index++) halves[2 * index + 1] = words[index]!;
  return new Float32Array(halves.buffer);
}
