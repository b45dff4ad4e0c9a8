import { expect, test } from '@jest/globals';

import { requireSameClasses } from '../../src/data/requireSameClasses.js';

const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];

test('classes are the same whichever way Unicode composes their names', () => {
  expect(() => requireSameClasses(['a', composed], ['a', decomposed])).not.toThrow();
  expect(() => requireSameClasses(['a'], undefined)).not.toThrow();
});

test.each([
  [
    [composed, 'tea'],
    [composed, 'tea ', 'cocoa'],
    'only among the training images: "tea"; only among the held-out ones: "tea ", "cocoa"',
  ],
  [['a', 'b'], ['a'], 'only among the training images: "b"'],
  [['a'], ['a', 'b\n'], 'only among the held-out ones: "b␊"'],
  [['a', 'b', 'c'], ['a', 'c', 'b'], 'the same names, but number 1 is "b" there and "c" here'],
  [['a', 'a'], ['a'], 'the same names, but number 1 is "a" there and missing here'],
  [[], Array.from('abcdefgh'), 'only among the held-out ones: "a", "b", "c", "d", "e" and 3 more'],
])('of %j and %j the error says in what they differ', (train, test, given) => {
  expect(() => requireSameClasses(train, test)).toThrow(
    expect.objectContaining({ code: 'DATA_MISMATCH', given }),
  );
});
