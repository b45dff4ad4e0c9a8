import { expect, test } from '@jest/globals';

import { readmeExample, withDependencies } from '../readmeExample.js';

test('the first program and the first installation are taken', () => {
  const markdown = [
    '# it',
    '```ts',
    'first();',
    '```',
    '```sh',
    'npm install a b',
    'npm install c # an engine',
    '```',
    '```ts',
    'second();',
    '```',
  ];
  expect(readmeExample(markdown.join('\n'))).toEqual({ installed: ['a', 'b', 'c'], program: 'first();\n' });
});

test('a README without either is refused', () => {
  expect(() => readmeExample('```ts\nit();\n```\n')).toThrow('no npm install');
  expect(() => readmeExample('```sh\nnpm install a\n```\n')).toThrow('no TypeScript program');
});

test('dependencies come along, each once', () => {
  const dependencies = { top: ['middle', 'low', 'foreign'], middle: ['low'], low: [], other: [] };
  expect(withDependencies(['top', 'foreign'], dependencies)).toEqual(['low', 'middle', 'top']);
});
