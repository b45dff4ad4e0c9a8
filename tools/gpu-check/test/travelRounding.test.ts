import { describe, expect, test } from '@jest/globals';
import { decodeSafetensors } from '@protocl/encoders';

import { exponentFor, rounded, widened, type Narrow } from '../checkpoint/rounding.js';

/** What safetensors reads in all words of a format. */
function everyValue(dtype: 'F16' | 'BF16'): Float32Array {
  const words = Uint16Array.from({ length: 2 ** 16 }, (_, word) => word);
  const entry = { dtype, shape: [words.length], data_offsets: [0, words.byteLength] };
  const header = Buffer.from(JSON.stringify({ words: entry }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = Buffer.concat([length, header, Buffer.from(words.buffer)]);
  return decodeSafetensors(file).tensors['words']!.data as Float32Array;
}

const formats: [Narrow, Float32Array][] = [
  ['float16', everyValue('F16')],
  ['bfloat16', everyValue('BF16')],
];

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer);

/** The finite float32 numbers just below, at and just above a positive one. */
function around(value: number): number[] {
  const [bits] = bitsOf(Float32Array.of(value)) as unknown as [number];
  return [bits - 1, bits, bits + 1].flatMap((neighbour) => {
    const [number] = new Float32Array(Uint32Array.of(neighbour).buffer);
    return number! >= 0 && number! < Infinity ? [number!] : [];
  });
}

describe.each(formats)('%s', (format, known) => {
  const finite = [...known].slice(0, 2 ** 15).filter((value) => value < Infinity);
  /** The limit from which on numbers are infinite: half a step above the largest. */
  const limit = finite.at(-1)! + (finite.at(-1)! - finite.at(-2)!) / 2;

  /** The word of a positive number, by looking at all of them; of two equally near the even one. */
  function nearest(value: number): number {
    if (value >= limit) return finite.length;
    let low = 0;
    let high = finite.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (finite[middle]! < value) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const below = value - finite[low - 1]!;
    const above = finite[low]! - value;
    if (value > finite[low]!) return low;
    if (below === above) return low % 2 === 0 ? low : low - 1;
    return below < above ? low - 1 : low;
  }

  test('words stand for what safetensors reads in them, and are found again', () => {
    const words = Uint16Array.from({ length: 2 ** 16 }, (_, word) => word);
    const values = widened(words, format, 0);
    expect(values).toEqual(known);
    const again = rounded(values, format, 0);
    for (const [word, value] of values.entries()) {
      if (Number.isNaN(value)) expect(widened(again.subarray(word, word + 1), format, 0)[0]).toBeNaN();
      else expect(again[word]).toBe(word);
    }
  });

  test('numbers go to the nearest word, halfway ones to the even word', () => {
    // All words, and what is halfway between two, with their neighbours: subnormals and the ends included.
    const numbers = finite.flatMap((value, word) => {
      const next = finite[word + 1] ?? limit * 2 - value;
      return [...around(value), ...around((value + next) / 2)];
    });
    const given = Float32Array.from(numbers);
    const words = rounded(given, format, 0);
    const negative = rounded(
      given.map((value) => -value),
      format,
      0,
    );
    const wrong = [...given.keys()].filter(
      (i) => words[i] !== nearest(given[i]!) || negative[i] !== (nearest(given[i]!) | 0x8000),
    );
    expect(wrong).toEqual([]);
    expect(numbers.length).toBeGreaterThan(150_000);
  });

  test('NaN stays NaN, infinities stay', () => {
    // Among them NaN whose distinguishing bit is the lowest.
    const given = new Float32Array(Uint32Array.of(0x7fc00000, 0x7f800001, 0xffffffff).buffer);
    for (const value of widened(rounded(given, format, 0), format, 0)) expect(value).toBeNaN();
    const infinite = Float32Array.of(Infinity, -Infinity);
    expect(widened(rounded(infinite, format, 0), format, 0)).toEqual(infinite);
  });
});

describe('a scale', () => {
  test.each([3e-38, 1e-9, 1, 32, 1e9, 3e38])('keeps 11 bits of values up to %d', (largest) => {
    const values = Float32Array.from(
      { length: 1_000 },
      (_, i) => largest * 2 ** (-i / 40) * (i % 2 ? -1 : 1),
    );
    const exponent = exponentFor(values);
    const back = widened(rounded(values, 'float16', exponent), 'float16', exponent);
    for (const [i, value] of values.entries()) {
      // Float32 itself keeps no more of its smallest numbers.
      const step = Math.max(Math.abs(value) * 2 ** -11, 2 ** -149);
      expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(step);
    }
  });

  test('leaves room for values of twice the size', () => {
    for (const largest of [1, 1.999, 5e-4, 65_504]) {
      const exponent = exponentFor(Float32Array.of(-largest, largest / 2));
      const back = widened(rounded(Float32Array.of(2 * largest), 'float16', exponent), 'float16', exponent);
      expect(Math.abs(back[0]! / (2 * largest) - 1)).toBeLessThan(2 ** -11);
    }
  });

  test('exists for zeros and for what is not finite', () => {
    expect(exponentFor(new Float32Array(3))).toBe(0);
    expect(exponentFor(Float32Array.of(NaN, Infinity, 1))).toBe(13);
  });
});
