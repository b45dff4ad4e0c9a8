import { expect, test } from '@jest/globals';

import { giveBackMemory, takeMemory } from '../src/files/imageMemory.js';

test('memory that was given back is taken again for a similar size, and by one at a time', () => {
  const first = takeMemory(1000);
  expect(first).toHaveLength(1000);
  giveBackMemory(first);
  const second = takeMemory(2000);
  expect(second).toHaveLength(2000);
  expect(second.buffer).toBe(first.buffer);
  expect(takeMemory(2000).buffer).not.toBe(first.buffer);
  giveBackMemory(second);
  expect(takeMemory(2 ** 20).buffer).not.toBe(first.buffer);
});

test('what is given back twice, or was never taken, is not given to two', () => {
  const memory = takeMemory(2 ** 19);
  giveBackMemory(memory);
  giveBackMemory(memory);
  const [first, second] = [takeMemory(2 ** 19), takeMemory(2 ** 19)];
  expect(first.buffer).toBe(memory.buffer);
  expect(second.buffer).not.toBe(memory.buffer);

  const foreign = new Uint8Array(2 ** 18 * 5);
  giveBackMemory(foreign);
  expect(takeMemory(foreign.length).buffer).not.toBe(foreign.buffer);
});

test('little is kept, of large images none', () => {
  const large = takeMemory(2 ** 26);
  giveBackMemory(large);
  expect(takeMemory(2 ** 26).buffer).not.toBe(large.buffer);

  const many = Array.from({ length: 30 }, () => takeMemory(3 * 2 ** 18));
  many.forEach(giveBackMemory);
  const again = Array.from({ length: 30 }, () => takeMemory(3 * 2 ** 18).buffer);
  const reused = many.filter(({ buffer }) => again.includes(buffer));
  expect(reused.length).toBeGreaterThan(0);
  expect(reused.length).toBeLessThanOrEqual(8);
});
