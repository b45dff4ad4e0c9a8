import { describe, expect, test } from '@jest/globals';
import { ProtoclError, isProtoclError, serializeError } from '@protocl/core';

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
