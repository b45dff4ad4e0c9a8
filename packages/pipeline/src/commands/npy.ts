import { halfToFloat32 } from '@protocl/encoders';

import { pipelineError } from '../errors.js';

/** Arrays that are written. */
export interface HostArray {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** An array of numbers as it was read: in C order, of any rank. */
export interface NumberArray {
  /** float16 is float32 here, and truth values are 0 and 1. */
  readonly data: Numbers;
  readonly shape: readonly number[];
}

export type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

const MAGIC = Buffer.from('\u0093NUMPY', 'latin1');
const PREAMBLE = MAGIC.length + 4;
/** NumPy's own limit. */
const MOST_DIMENSIONS = 64;

/** An array as NumPy's `.npy`, version 1.0, little-endian. */
export function encodeNpy({ data, shape }: HostArray): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : '<i4';
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  // The data begin at a multiple of 64 bytes, and a line break comes before them.
  const length = Math.ceil((PREAMBLE + header.length + 1) / 64) * 64 - PREAMBLE;
  const head = Buffer.alloc(PREAMBLE);
  MAGIC.copy(head);
  head[MAGIC.length] = 1;
  head.writeUInt16LE(length, MAGIC.length + 2);
  const text = Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1');
  return Buffer.concat([head, text, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

/**
 * Reads what `numpy.save` writes of numbers and truth values: any dtype, byte order, memory order and rank,
 * versions 1 to 3 of the format.
 *
 * @param path of the file, for errors
 * @param remedyFor what to save in place of an array of such a dtype that cannot be read
 * @throws {ProtoclError} `INVALID_FEATURES` for other dtypes, and for files that are not whole
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function decodeNpy(
  bytes: Uint8Array,
  path: string,
  remedyFor: (descr: string) => string = numbersInstead,
): NumberArray {
  const { text, end } = headerText(bytes, path);
  const { descr, isFortran, shape } = parseHeader(text, path);
  const [, order, code] = /^([<>|=]?)([a-zA-Z?]\d*)$/.exec(descr) ?? [];
  const dtype = code === undefined || !Object.hasOwn(DTYPES, code) ? undefined : DTYPES[code]!;
  if (dtype === undefined) {
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} holds an array that is not of numbers, or of numbers that have no counterpart here`,
      given: `dtype ${descr}`,
      expected: 'float16, float32, float64, integers of up to 64 bits or bool',
      remedy: remedyFor(descr),
    });
  }
  const values = shape.reduce((product, size) => product * size, 1);
  const found = bytes.length - end;
  if (found !== dtype.bytes * values) {
    const trouble =
      found < dtype.bytes * values ? 'ends before its last value' : 'goes on after its last value';
    throw unreadable(
      path,
      trouble,
      `${found} bytes of values`,
      `${dtype.bytes * values}, as its header says`,
    );
  }
  // A copy, since typed arrays begin at multiples of their elements' size and the values need not.
  const own = new Uint8Array(found);
  own.set(bytes.subarray(end));
  if (order === '>') swapBytes(own, dtype.bytes);
  const data = dtype.read(own.buffer);
  return { data: isFortran && shape.length > 1 ? rowsFirst(data, shape) : data, shape };
}

const DTYPES: Readonly<
  Record<string, { readonly bytes: number; readonly read: (buffer: ArrayBuffer) => Numbers }>
> = {
  f2: { bytes: 2, read: (buffer) => halfToFloat32(new Uint16Array(buffer)) },
  f4: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, read: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, read: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, read: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  i8: { bytes: 8, read: (buffer) => new BigInt64Array(buffer) },
  u1: { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, read: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, read: (buffer) => new Uint32Array(buffer) },
  u8: { bytes: 8, read: (buffer) => new BigUint64Array(buffer) },
  b1: { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
};

function headerText(bytes: Uint8Array, path: string): { readonly text: string; readonly end: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw unreadable(path, 'does not begin as one', `${buffer.length} bytes`, 'the bytes \\x93NUMPY');
  }
  const version = buffer[MAGIC.length] ?? 0;
  const start = version === 1 ? PREAMBLE : PREAMBLE + 2;
  if (buffer.length < start) throw unreadable(path, 'ends within its header', `${buffer.length} bytes`);
  if (version < 1 || version > 3) throw unreadable(path, 'is of another version', version, '1, 2 or 3');
  const length = version === 1 ? buffer.readUInt16LE(start - 2) : buffer.readUInt32LE(start - 4);
  const end = start + length;
  if (buffer.length < end)
    throw unreadable(path, 'ends within its header', `${buffer.length} bytes`, `at least ${end}`);
  return { text: buffer.toString(version === 3 ? 'utf8' : 'latin1', start, end), end };
}

interface Header {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a literal of Python: a dictionary of three keys. */
function parseHeader(text: string, path: string): Header {
  const [, single, double, fields] = /["']descr["']\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[.*\]))/.exec(text) ?? [];
  const descr = single ?? double ?? fields;
  const order = /["']fortran_order["']\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /["']shape["']\s*:\s*\(([^()]*)\)/.exec(text)?.[1];
  const shape = sizes === undefined ? undefined : parseShape(sizes);
  if (
    !text.trimStart().startsWith('{') ||
    descr === undefined ||
    order === undefined ||
    shape === undefined
  ) {
    throw unreadable(
      path,
      'has a header that NumPy would not read',
      text.trim().slice(0, 120),
      "{'descr': '<f4', 'fortran_order': False, 'shape': (n, D), } or the like",
    );
  }
  return { descr, isFortran: order === 'True', shape };
}

/** What stands between the brackets of a tuple of sizes: `2, 3`, `2,` or nothing. */
function parseShape(text: string): number[] | undefined {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  else if (parts.length === 1) return undefined;
  // An L ends the integers of Python 2.
  const sizes = parts.map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : NaN));
  return parts.length <= MOST_DIMENSIONS && sizes.every(Number.isSafeInteger) ? sizes : undefined;
}

function swapBytes(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const buffer = Buffer.from(bytes.buffer);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else if (size === 8) buffer.swap64();
}

/** Brings values from Fortran order, the first index fastest, to C order, the last one fastest. */
function rowsFirst(values: Numbers, shape: readonly number[]): Numbers {
  // Which kind of numbers they are makes no difference here.
  const unsorted = values as Float64Array;
  const sorted = unsorted.slice();
  let stride = 1;
  const strides = shape.map((size) => (stride *= size) / size);
  const position = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < unsorted.length; to++) {
    sorted[to] = unsorted[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return sorted;
}

function numbersInstead(descr: string): string {
  if (descr.startsWith('[')) {
    return 'Save them by numpy.save(path, numpy.lib.recfunctions.structured_to_unstructured(array).astype("float32"))';
  }
  if (/c\d+$/.test(descr)) return 'Save their real part by numpy.save(path, array.real.astype("float32"))';
  return 'Save numbers by numpy.save(path, numpy.stack(array).astype("float32"))';
}

function unreadable(path: string, trouble: string, given: unknown, expected = 'a whole file'): Error {
  return pipelineError('INVALID_FEATURES', {
    message: `${path} is no .npy file, or a damaged one: it ${trouble}`,
    given,
    expected,
    remedy: 'Save it again by numpy.save',
  });
}
