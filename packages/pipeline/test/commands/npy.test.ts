import { describe, expect, test } from '@jest/globals';

import { decodeNpy, encodeNpy } from '../../src/commands/npy.js';

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
      expect(decodeNpy(bytes)).toEqual({ data: Float32Array.of(1.5, -2, 3, 4, 5, 6), shape: [2, 3] });
    }
    expect(decodeNpy(integers)).toEqual({ data: Int32Array.of(7, -8), shape: [2] });
  });

  test.each([
    ['float64', saved("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", 'AAAAAAAA8D8=')],
    [
      'another order',
      saved("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", 'AACAPwAAQEAAAABAAACAQA=='),
    ],
    ['a file that was cut off', floats.subarray(0, floats.length - 1)],
    ['another file', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeNpy(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_FEATURES' }));
  });
});
