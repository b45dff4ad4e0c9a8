import { describe, expect, test } from '@jest/globals';
import { ProtoclError, isProtoclError, isShallow, serializeError } from '@protocl/core';

/** Lists within each other. */
function nested(levels: number): unknown {
  let value: unknown[] = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

describe('isShallow', () => {
  test('counts levels, and knows what contains itself', () => {
    expect(isShallow(nested(100))).toBe(true);
    expect(isShallow(nested(101))).toBe(false);
    expect(isShallow(nested(200_000))).toBe(false);
    expect(isShallow({ a: [1, { b: 'text' }], c: null, d: new Float32Array(9) })).toBe(true);
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = { again: cyclic };
    expect(isShallow(cyclic)).toBe(false);
  });

  test('looks at what is there several times once for each level', () => {
    let value: unknown = 'deep';
    // Two to the power of 80 paths.
    for (let level = 0; level < 80; level++) value = [value, value];
    expect(isShallow(value)).toBe(true);
    expect(isShallow(Array.from({ length: 30 }).reduce((inner) => [inner, [inner]], value))).toBe(false);
  });
});

describe('ProtoclError', () => {
  test('composes its message from its parts', () => {
    const error = new ProtoclError('BATCH_SIZE', {
      message: 'the batch does not fit the dataset',
      given: 600,
      expected: 'an integer in 1 .. 500',
      remedy: 'Pass a smaller batchSize.',
    });
    expect(error.message).toBe(
      'the batch does not fit the dataset. given: 600. expected: an integer in 1 .. 500. ' +
        'Pass a smaller batchSize.',
    );
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('ProtoclError');
    expect(error.stack).toContain('errors.test');
  });

  test('falls back to its code where there is no sentence', () => {
    expect(new ProtoclError('DISK_FULL').message).toBe('disk full.');
  });

  test.each([
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [{ shape: [2, 3] }, '{"shape":[2,3]}'],
    [null, 'null'],
    [10n, '10'],
    [new TypeError('odd'), 'TypeError: odd'],
    [nested(100_000), 'a list of great depth'],
    [{ inner: nested(100) }, 'an object of great depth'],
    [nested(5), '[[[[[]]]]]'],
    ['x'.repeat(300), `${'x'.repeat(200)}…`],
  ])('describes %p as %s', (given, description) => {
    expect(new ProtoclError('ODD', { given }).message).toBe(`odd. given: ${description}.`);
  });

  test('becomes plain data with its chain of causes', () => {
    const disk = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const error = new ProtoclError('DISK_FULL', { given: [1], remedy: 'Free some', cause: disk });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'ProtoclError',
      message: 'disk full. given: [1]. Free some.',
      code: 'DISK_FULL',
      given: '[1]',
      remedy: 'Free some',
      cause: { name: 'Error', message: 'no space', code: 'ENOSPC' },
    });
  });

  test('serializes a circular chain of causes and things that are no errors', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;
    expect(serializeError(first)).toEqual({
      name: 'Error',
      message: 'first',
      cause: { name: 'Error', message: 'second' },
    });
    expect(serializeError('thrown text')).toEqual({ name: 'NonError', message: 'thrown text' });
  });

  test('is recognised by its code', () => {
    const error: unknown = new ProtoclError('DISK_FULL');
    expect(isProtoclError(error)).toBe(true);
    expect(isProtoclError(error, 'DISK_FULL')).toBe(true);
    expect(isProtoclError(error, 'NO_NETWORK')).toBe(false);
    expect(isProtoclError(new Error('DISK_FULL'))).toBe(false);
  });
});
