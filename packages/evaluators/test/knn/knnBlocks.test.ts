import { expect, test } from '@jest/globals';

import { knnBlocks } from '../../src/knn/knnBlocks.js';

const MIB = 2 ** 20;

test.each([
  // ImageNet: 1.28 million images vote for 50,000.
  [{ neighbours: 1_281_167, queries: 50_000 }, 64 * MIB, { neighbours: 32_768, queries: 512 }],
  [{ neighbours: 50_000, queries: 10_000 }, 64 * MIB, { neighbours: 32_768, queries: 512 }],
  [{ neighbours: 1000, queries: 100 }, 64 * MIB, { neighbours: 1000, queries: 100 }],
  [{ neighbours: 1000, queries: 100 }, 4000 * 7, { neighbours: 1000, queries: 7 }],
  [{ neighbours: 1000, queries: 100 }, 4 * 30, { neighbours: 30, queries: 1 }],
  [{ neighbours: 1000, queries: 100 }, 1, { neighbours: 1, queries: 1 }],
])('%j in %i bytes', (sizes, blockBytes, expected) => {
  const blocks = knnBlocks(sizes, blockBytes);
  expect(blocks).toEqual(expected);
  expect(4 * blocks.neighbours * blocks.queries).toBeLessThanOrEqual(Math.max(4, blockBytes));
});

test('1.28 million features of 128 values fit in 2 GB', () => {
  const [n, size, queries, k] = [1_281_167, 128, 50_000, 200];
  const blockBytes = 64 * MIB;
  const blocks = knnBlocks({ neighbours: n, queries }, blockBytes);
  const features = 4 * (n + queries) * size;
  const found = 8 * queries * k;
  // A slice, its squares and the normalized rows.
  const normalized = 3 * 4 * (blocks.neighbours + blocks.queries) * size;
  // The similarities, and what top-k needs beside them at most: as many values and indices again.
  const similarities = 4 * blockBytes;
  expect(features + found + normalized + similarities).toBeLessThan(2e9);
});
