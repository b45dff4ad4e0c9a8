import { expect, test } from '@jest/globals';
import { printable } from '@protocl/core';

test.each([
  ['café, 日本, 👩‍🔬, a b', 'café, 日本, 👩‍🔬, a b'],
  ['a\nb\u0000\u001b[31m\u007f', 'a␊b␀␛[31m␡'],
  ['\u0085\ud800a\udc00', '\ufffd\ufffda\ufffd'],
  ['\ufffe\uffff', '\ufffd\ufffd'],
  ['a\u2028b', 'a b'],
])('%j is printed as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(Buffer.from(printable(text)).toString()).toBe(printable(text));
});
