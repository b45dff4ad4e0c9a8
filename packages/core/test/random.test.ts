import { describe, expect, test } from '@jest/globals';
import { randomStream, type RandomStreamOptions } from '@protocl/core';

import { multiplyHigh, philox4x32 } from '../src/philox.js';
import { hashPurpose } from '../src/random.js';

/** The three lines for `philox4x32 10` in the known-answer file that Random123 is published with. */
const KNOWN_ANSWERS = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    block: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    block: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    block: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

describe('philox4x32', () => {
  test.each(KNOWN_ANSWERS)('gives the published block for counter $counter', (known) => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.from(known.counter), Uint32Array.from(known.key), out);
    expect([...out]).toEqual(known.block);
  });

  test('multiplies like arbitrary-precision integers', () => {
    const words = [0, 1, 2, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
    for (let i = 1; i < 200; i++) words.push(Math.imul(i, 0x9e3779b1) >>> 0);
    for (const a of words) {
      expect(words.map((b) => multiplyHigh(a, b))).toEqual(
        words.map((b) => Number((BigInt(a) * BigInt(b)) >> 32n)),
      );
    }
  });
});

test('purposes are hashed with FNV-1a, by its published values', () => {
  expect(hashPurpose('')).toBe(0x811c9dc5);
  expect(hashPurpose('a')).toBe(0xe40c292c);
  expect(hashPurpose('foobar')).toBe(0xbf9cf968);
});

describe('randomStream', () => {
  const base: RandomStreamOptions = { seed: 7, purpose: 'test', epoch: 3, step: 11 };

  test('lays out key and counter as documented', () => {
    const out = new Uint32Array(4);
    const seed = 2 ** 40 + 5;
    philox4x32(Uint32Array.of(0, 9, 4, hashPurpose('x')), Uint32Array.of(5, 256), out);
    const uniform = randomStream({ seed, purpose: 'x', epoch: 4, step: 9 }).uniform(4);
    expect([...uniform]).toEqual([...out].map((word) => Math.floor(word / 256) / 2 ** 24));
  });

  test('gives the same values for the same coordinates', () => {
    const draw = () => {
      const stream = randomStream(base);
      return [
        stream.next(),
        ...stream.uniform(5),
        ...stream.normal(5),
        ...stream.integers(5, 100),
        ...stream.permutation(10),
      ];
    };
    expect(draw()).toEqual(draw());
  });

  test.each([
    { ...base, seed: 8 },
    { ...base, seed: 7 + 2 ** 32 },
    { ...base, purpose: 'tesu' },
    { ...base, epoch: 4 },
    { ...base, step: 12 },
  ])('gives unrelated values for %p', (other) => {
    const values = randomStream(base).uniform(1000);
    const others = randomStream(other).uniform(1000);
    let shared = 0;
    let covariance = 0;
    for (let i = 0; i < 1000; i++) {
      if (values[i] === others[i]) shared++;
      covariance += ((values[i]! - 0.5) * (others[i]! - 0.5)) / 1000;
    }
    expect(shared).toBeLessThan(3);
    // The standard error of the covariance is 1 / (12 √1000).
    expect(Math.abs(covariance)).toBeLessThan(5 / (12 * Math.sqrt(1000)));
  });

  test('uniform values fill [0, 1) evenly', () => {
    const count = 100_000;
    const bins = new Array<number>(20).fill(0);
    const values = randomStream(base).uniform(count);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    for (const value of values) bins[Math.floor(value * 20)]!++;
    const expected = count / 20;
    const chiSquare = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 19 degrees of freedom: below 3.9 or above 43.8 once in 5,000 and 1,000 seeds.
    expect(chiSquare).toBeGreaterThan(3.9);
    expect(chiSquare).toBeLessThan(43.8);
  });

  test('single values have 53 bits', () => {
    const stream = randomStream(base);
    const values = Array.from({ length: 1000 }, () => stream.next());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(values.every((value) => Number.isInteger(value * 2 ** 53))).toBe(true);
    expect(values.some((value) => !Number.isInteger(value * 2 ** 52))).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 1000));
  });

  test('normal values have the moments and tails of the normal distribution', () => {
    const count = 100_001;
    const values = randomStream(base).normal(count);
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / count;
    const within = (k: number) => values.filter((value) => Math.abs(value) < k).length / count;
    const standardError = 1 / Math.sqrt(count);
    expect(Math.abs(moment(1))).toBeLessThan(4 * standardError);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.SQRT2 * standardError);
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15) * standardError);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96) * standardError);
    expect(within(1)).toBeCloseTo(0.6827, 2);
    expect(within(2)).toBeCloseTo(0.9545, 2);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('integers are unbiased where 2³² is no multiple of the limit', () => {
    // Without rejection, residues 0 and 1 would come up 3/8 of the time each, and 2 only 1/4.
    const count = 30_000;
    const residues = [0, 0, 0];
    for (const value of randomStream(base).integers(count, 3 * 2 ** 29)) residues[value % 3]!++;
    for (const n of residues) expect(Math.abs(n / count - 1 / 3)).toBeLessThan(0.015);
    expect(new Set(randomStream(base).integers(1000, 5))).toEqual(new Set([0, 1, 2, 3, 4]));
    expect([...randomStream(base).integers(3, 1)]).toEqual([0, 0, 0]);
    expect(Math.max(...randomStream(base).integers(1000, 2 ** 31))).toBeGreaterThan(2 ** 30);
  });

  test('permutations hold every index once, and every order is equally likely', () => {
    const order = randomStream(base).permutation(50_000);
    expect(
      order
        .slice()
        .sort()
        .every((value, i) => value === i),
    ).toBe(true);
    const counts = new Map<string, number>();
    for (let step = 0; step < 6000; step++) {
      const key = randomStream({ ...base, step })
        .permutation(3)
        .join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(130);
    expect(randomStream(base).permutation(0)).toHaveLength(0);
  });

  test.each([
    { ...base, seed: -1 },
    { ...base, seed: 0.5 },
    { ...base, seed: 2 ** 53 },
    { ...base, epoch: 2 ** 32 },
    { ...base, step: NaN },
  ])('refuses %p', (options) => {
    expect(() => randomStream(options)).toThrow(expect.objectContaining({ code: 'RANDOM_RANGE' }));
  });

  test('refuses arguments out of range', () => {
    const stream = randomStream(base);
    const outOfRange = expect.objectContaining({ code: 'RANDOM_RANGE' });
    expect(() => stream.uniform(-1)).toThrow(outOfRange);
    expect(() => stream.normal(1.5)).toThrow(outOfRange);
    expect(() => stream.integers(1, 0)).toThrow(outOfRange);
    expect(() => stream.integers(1, 2 ** 31 + 1)).toThrow(outOfRange);
    expect(() => stream.permutation(-1)).toThrow(outOfRange);
  });
});
