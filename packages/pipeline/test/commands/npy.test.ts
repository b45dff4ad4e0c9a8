import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';

import { decodeNpy, encodeNpy } from '../../src/commands/npy.js';

/** By tools/parity/npy_files.py. */
interface Fixture {
  readonly files: {
    readonly name: string;
    readonly file: string;
    readonly shape: number[];
    readonly values: string[];
  }[];
  readonly others: { readonly name: string; readonly file: string }[];
}

const fixture = JSON.parse(
  await readFile(new URL('../fixtures/npyFiles.json', import.meta.url), 'utf8'),
) as Fixture;
const PATH = 'labels.npy';

/** What `numpy.save` writes for the header's text, padded to 128 bytes, and the values in base64. */
function saved(header: string, values: string): Buffer {
  const text = `${header.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from('k05VTVBZAQB2AA==', 'base64'),
    Buffer.from(text),
    Buffer.from(values, 'base64'),
  ]);
}

const floats = saved(
  "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
  'AADAPwAAAMAAAEBAAACAQAAAoEAAAMBA',
);
const integers = saved("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", 'BwAAAPj///8=');

describe('.npy', () => {
  test('is written as NumPy writes it', () => {
    const matrix = { data: Float32Array.of(1.5, -2, 3, 4, 5, 6), shape: [2, 3] };
    expect(Buffer.from(encodeNpy(matrix))).toEqual(floats);
    expect(Buffer.from(encodeNpy({ data: Int32Array.of(7, -8), shape: [2] }))).toEqual(integers);
  });

  test('is read as NumPy wrote it, wherever it lies in memory', () => {
    const shifted = new Uint8Array(floats.length + 1);
    shifted.set(floats, 1);
    for (const bytes of [floats, shifted.subarray(1)]) {
      expect(decodeNpy(bytes, PATH)).toEqual({ data: Float32Array.of(1.5, -2, 3, 4, 5, 6), shape: [2, 3] });
    }
    expect(decodeNpy(integers, PATH)).toEqual({ data: Int32Array.of(7, -8), shape: [2] });
  });

  test.each(fixture.files)('has the values that NumPy sees: $name', ({ file, shape, values }) => {
    const read = decodeNpy(Buffer.from(file, 'base64'), PATH);
    expect(read.shape).toEqual(shape);
    const expected = values.map((value) => numberOf(value));
    expect(Array.from(read.data as Float64Array, Number)).toEqual(expected);
    if (read.data instanceof BigInt64Array || read.data instanceof BigUint64Array) {
      expect(Array.from<bigint, string>(read.data, String)).toEqual(values);
    }
  });

  test.each(fixture.others)('of $name is refused by name', ({ name, file }) => {
    const bytes = Buffer.from(file, 'base64');
    const about = /^labels\.npy holds an array that is not of numbers/;
    expect(() => decodeNpy(bytes, PATH)).toThrow(about);
    const remedy = name === 'complex' ? /array\.real/ : name === 'records' ? /structured_to_un/ : /stack/;
    expect(() => decodeNpy(bytes, PATH)).toThrow(remedy);
    expect(() => decodeNpy(bytes, PATH, () => 'Number them')).toThrow(/Number them/);
  });

  test.each([
    ['a file that was cut off', floats.subarray(0, floats.length - 1)],
    ['one that goes on', Buffer.concat([floats, Buffer.of(0)])],
    ['another file', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ...[6, 7, 9, 10, 11, 60, 127].map((length) => [`${length} bytes`, floats.subarray(0, length)] as const),
    ['another version', Buffer.concat([floats.subarray(0, 6), Buffer.of(4), floats.subarray(7)])],
    ['negative sizes', saved("{'descr': '<f4', 'fortran_order': False, 'shape': (-20, -3), }", '')],
    ['sizes that no array has', saved("{'descr': '<f4', 'fortran_order': False, 'shape': (1e12, 0), }", '')],
    ['a huge array', saved(`{'descr': '<f4', 'fortran_order': True, 'shape': (${'9'.repeat(15)}, 3), }`, '')],
    ['a number for a shape', saved("{'descr': '<f4', 'fortran_order': False, 'shape': (3), }", '')],
    ['a header without a shape', saved("{'descr': '<f4', 'fortran_order': False, }", '')],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeNpy(bytes, PATH)).toThrow(
      expect.objectContaining({
        code: 'INVALID_FEATURES',
        message: expect.stringMatching(/^labels\.npy is no \.npy file, or a damaged one/) as unknown,
      }),
    );
  });
});

function numberOf(text: string): number {
  const named: Record<string, number> = { True: 1, False: 0, inf: Infinity, '-inf': -Infinity, nan: NaN };
  return named[text] ?? Number(text);
}
