import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors, type TensorState } from '@protocl/encoders';

import { fixtureFile } from './reference.js';

const float = (shape: number[], ...values: number[]): TensorState => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const int = (shape: number[], ...values: number[]): TensorState => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

/** What tools/parity/safetensors_files.py writes. */
const written = {
  'ünïcode "quoted"': int([1], 3),
  steps: int([1, 2], -(2 ** 31), 2 ** 31 - 1),
  scalar: float([], 7.5),
  'layer1.0.weight': float([2, 3], -0.25, -0.125, 0, 0.125, 0.25, 0.375),
  empty: float([0, 4]),
  bias: float([3], 1e-38, -3.4e38, 0.1),
};

/** A file with this header, and as many bytes after it. */
function fileWith(header: unknown, size = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(size)]);
}

describe('encodeSafetensors', () => {
  test('gives the bytes of the reference implementation', async () => {
    const python = await readFile(fixtureFile('python.safetensors'));
    expect(Buffer.from(encodeSafetensors(written, { format: 'pt' })).equals(python)).toBe(true);
  });

  test('aligns the tensors, whatever the header’s length', () => {
    for (let length = 1; length < 20; length++) {
      const file = encodeSafetensors({ ['x'.repeat(length)]: float([1], 1) });
      expect(file.length % 8).toBe(4);
    }
  });

  test('writes views of larger buffers', () => {
    const data = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    const { tensors } = decodeSafetensors(
      encodeSafetensors({ view: { dtype: 'float32', shape: [2], data } }),
    );
    expect(tensors['view']!.data).toEqual(Float32Array.of(2, 3));
  });

  test.each([
    ['a shape that is not the data’s', { x: float([3], 1, 2) }],
    ['a dtype that is not the data’s', { x: { ...float([1], 1), dtype: 'int32' as const } }],
    ['the name of the metadata', { __metadata__: float([1], 1) }],
  ])('refuses %s', (_, tensors) => {
    expect(() => encodeSafetensors(tensors)).toThrow(expect.objectContaining({ code: 'INVALID_TENSOR' }));
  });
});

describe('decodeSafetensors', () => {
  test('reads what the reference implementation writes', async () => {
    const { tensors, metadata } = decodeSafetensors(await readFile(fixtureFile('python.safetensors')));
    expect(tensors).toEqual(written);
    expect(metadata).toEqual({ format: 'pt' });
  });

  test('reads every dtype as PyTorch converts it', async () => {
    const { tensors } = decodeSafetensors(await readFile(fixtureFile('python-dtypes.safetensors')));
    const names = Object.keys(tensors).filter((name) => !name.endsWith('expected'));
    expect(names).toHaveLength(13);
    for (const name of names) expect(tensors[name]).toEqual(tensors[`${name} expected`]);
    expect(tensors['bfloat16']!.data[3]).toBe(-2.5);
    expect(tensors['uint64']!.data[1]).toBe(2 ** 31 - 1);
  });

  test('shares no memory with the file, and reads from the middle of a buffer', () => {
    const file = encodeSafetensors({ x: float([1], 1) });
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    const { tensors } = decodeSafetensors(larger.subarray(3));
    larger.fill(255);
    expect(tensors['x']!.data).toEqual(Float32Array.of(1));
  });

  test('keeps names that objects have of their own', () => {
    const header = '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    const { tensors } = decodeSafetensors(fileWith(header, 1));
    expect(Object.entries(tensors)).toEqual([['__proto__', int([1], 0)]]);
  });

  test('ignores the order of names, and spaces after the header', () => {
    const header = {
      b: { dtype: 'I8', shape: [2], data_offsets: [1, 3] },
      a: { dtype: 'I8', shape: [], data_offsets: [0, 1] },
    };
    const { tensors } = decodeSafetensors(fileWith(JSON.stringify(header) + '   ', 3));
    expect(Object.keys(tensors)).toEqual(['a', 'b']);
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each([
    ['an empty file', Buffer.alloc(0), /ends within its first number/],
    ['a file without header', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]), /ends within its header/],
    ['a file of text', Buffer.from('PK\u0003\u0004 something else'), /header is too long/],
    ['a header that is not UTF-8', Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28]), /not UTF-8/],
    ['a header that is not JSON', fileWith('{"a":'), /not JSON/],
    ['a header that is a list', fileWith('[]'), /not a JSON object/],
    ['a header behind a space', fileWith(' {}'), /not a JSON object/],
    ['metadata that are not strings', fileWith({ __metadata__: { epoch: 3 } }), /metadata are not strings/],
    ['an entry that is no object', fileWith({ a: 3 }), /entry a is not an object/],
    ['a dtype that is no name', fileWith({ a: { ...entry, dtype: 7 } }, 8), /dtype of a/],
    ['a negative length', fileWith({ a: { ...entry, shape: [-2] } }, 8), /shape of a/],
    ['a length and a half', fileWith({ a: { ...entry, shape: [1.5] } }, 6), /shape of a/],
    ['no shape', fileWith({ a: { dtype: 'F32', data_offsets: [0, 8] } }, 8), /shape of a/],
    ['three offsets', fileWith({ a: { ...entry, data_offsets: [0, 8, 9] } }, 8), /offsets of a are not two/],
    [
      'offsets of another length',
      fileWith({ a: { ...entry, data_offsets: [0, 4] } }, 8),
      /do not fit its shape/,
    ],
    ['offsets in reverse', fileWith({ a: { ...entry, data_offsets: [8, 0] } }, 8), /do not fit its shape/],
    [
      'a size beyond all numbers',
      fileWith({ a: { ...entry, shape: [2 ** 50, 2 ** 50] } }, 8),
      /do not fit its shape/,
    ],
    ['overlapping tensors', fileWith({ a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12), /b overlaps/],
    ['a gap', fileWith({ a: entry, b: { ...entry, data_offsets: [12, 20] } }, 20), /b has a gap/],
    ['a cut-off file', fileWith({ a: entry }, 7), /cut off/],
    ['bytes too many', fileWith({ a: entry }, 9), /goes on after/],
    [
      'a name that comes twice',
      fileWith(`{"a":${JSON.stringify(entry)},"\\u0061":${JSON.stringify(entry)}}`, 8),
      /names something twice. given: a/,
    ],
    [
      'a field that comes twice',
      fileWith('{"a, \\"{b":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', 8),
      /names something twice. given: shape/,
    ],
  ])('refuses %s', (_, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(
      expect.objectContaining({
        code: 'SAFETENSORS_INVALID',
        message: expect.stringMatching(message) as unknown,
      }),
    );
  });

  test.each(['F8_E4M3', 'C64', 'toString'])('refuses the dtype %s', (dtype) => {
    const file = fileWith({ a: { dtype, shape: [2], data_offsets: [0, 2] } }, 2);
    expect(() => decodeSafetensors(file)).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_DTYPE', given: dtype }),
    );
  });

  test.each([
    ['I64', 2n ** 31n],
    ['I64', -(2n ** 31n) - 1n],
    ['I64', 2n ** 53n + 1n],
    ['U64', 2n ** 64n - 1n],
  ])('refuses the %s %i, which int32 cannot hold', (dtype, value) => {
    const file = fileWith({ a: { dtype, shape: [1], data_offsets: [0, 8] } }, 8);
    new DataView(file.buffer, file.byteOffset).setBigUint64(file.length - 8, BigInt.asUintN(64, value), true);
    expect(() => decodeSafetensors(file)).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_RANGE', given: String(value) }),
    );
  });
});
