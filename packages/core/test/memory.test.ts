import { totalmem } from 'node:os';

import { describe, expect, jest, test } from '@jest/globals';

import { bytesInWords, memoryLimit, requireMemory, type MemoryItem } from '../src/memory.js';

describe('memoryLimit', () => {
  test('is no more than the machine has', () => {
    expect(memoryLimit()).toBeGreaterThan(0);
    expect(memoryLimit()).toBeLessThanOrEqual(totalmem());
  });

  test.each([
    [2 ** 28, 2 ** 28],
    [0, totalmem()],
    // Without a limit a control group has this.
    [2 ** 64, totalmem()],
  ])('with a control group of %d bytes', (bytes, expected) => {
    const group = jest.spyOn(process, 'constrainedMemory').mockReturnValue(bytes);
    expect(memoryLimit()).toBe(expected);
    group.mockRestore();
  });

  test('is unknown outside of Node', () => {
    const { process } = globalThis;
    try {
      Object.assign(globalThis, { process: undefined });
      expect(memoryLimit()).toBe(Infinity);
    } finally {
      Object.assign(globalThis, { process });
    }
  });
});

describe('requireMemory', () => {
  const item = (what: string, bytes: number): MemoryItem => ({ what, bytes, settings: [`${what}.size`] });
  const items = [item('a', 2 ** 30), item('b', 3 * 2 ** 30), item('c', 1)];

  test('lets pass what fits exactly', () => {
    expect(() => requireMemory('this', items, { limit: 2 ** 32 + 1 })).not.toThrow();
  });

  test('names the total, the limit, and the largest items with what makes them smaller', () => {
    expect(() => requireMemory('this run', items, { limit: 2 ** 31, source: 'of a test' })).toThrow(
      expect.objectContaining({
        code: 'INSUFFICIENT_MEMORY',
        message:
          'this run needs more memory than there is. given: at least 4 GiB, most of it for b: 3 GiB (b.size);' +
          ' a: 1 GiB (a.size). expected: at most 2 GiB, of a test. Lower b.size or a.size.',
      }),
    );
  });
});

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [1000 * 2 ** 20, '1000 MiB'],
  [2 ** 70, '1024 EiB'],
])('%d bytes are %s', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});
