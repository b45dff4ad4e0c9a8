import { pipelineError } from '../errors.js';

/** An array on the host, of any rank. */
export interface HostArray {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

const MAGIC = Buffer.from('\u0093NUMPY', 'latin1');
const PREAMBLE = MAGIC.length + 4;

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
 * Reads what {@link encodeNpy} or `numpy.save` wrote: float32 or int32, little-endian, in C order.
 *
 * @throws {ProtoclError} `INVALID_FEATURES` for anything else
 */
export function decodeNpy(bytes: Uint8Array): HostArray {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable('no NumPy file');
  const isFirst = buffer[MAGIC.length] === 1;
  const start = isFirst ? PREAMBLE : PREAMBLE + 2;
  const length = isFirst ? buffer.readUInt16LE(MAGIC.length + 2) : buffer.readUInt32LE(MAGIC.length + 2);
  const header = buffer.subarray(start, start + length).toString('latin1');
  const type = /'descr': *'([^']*)'/.exec(header)?.[1];
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  const isPlain = /'fortran_order': *False/.test(header);
  if (shape === undefined || !isPlain || (type !== '<f4' && type !== '<i4')) throw unreadable(header.trim());
  const dimensions = shape
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const values = dimensions.reduce((product, size) => product * size, 1);
  const content = buffer.subarray(start + length);
  if (content.length !== 4 * values)
    throw unreadable(`${content.length} bytes for [${dimensions.join(', ')}]`);
  // A copy, since typed arrays begin at multiples of their element's size.
  const copy = new Uint8Array(content).buffer;
  return { data: type === '<f4' ? new Float32Array(copy) : new Int32Array(copy), shape: dimensions };
}

function unreadable(given: string): Error {
  return pipelineError('INVALID_FEATURES', {
    message: 'a .npy file cannot be read',
    given,
    expected: 'a whole array of float32 or int32, little-endian, in C order',
    remedy: 'Save it by numpy.save(path, array.astype("float32"))',
  });
}
