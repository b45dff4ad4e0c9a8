import { expect, test } from '@jest/globals';

import { editDistance, nearestWord } from '../src/nearestWord.js';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['temperature', 'tempratur', 2],
  ['sgd', 'sdg', 1],
  ['Queue', 'queue', 0],
  ['ca', 'abc', 3],
])('from %p to %p it is %p', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
  expect(editDistance(to, from)).toBe(distance);
});

test('the nearest word is named only if it is near', () => {
  expect(nearestWord('epoch', ['epochs', 'batchSize'])).toBe('epochs');
  expect(nearestWord('banana', ['epochs', 'batchSize'])).toBeUndefined();
});
