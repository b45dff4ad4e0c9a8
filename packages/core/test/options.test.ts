import { describe, expect, test } from '@jest/globals';

import { isProtoclError } from '../src/errors.js';
import { requireKnownOptions } from '../src/options.js';

interface Options {
  readonly redo?: number;
  readonly iterations?: number;
}

const check = (options: unknown) => () =>
  requireKnownOptions<Options>('kmeans', options as Options, { redo: true, iterations: true });

describe('requireKnownOptions', () => {
  test('accepts what is known, a value of undefined, and no options at all', () => {
    expect(check({ redo: 1, iterations: undefined })).not.toThrow();
    expect(check({})).not.toThrow();
    expect(check(undefined)).not.toThrow();
  });

  test('names the option that is unknown, those there are, and the nearest', () => {
    expect(check({ iteration: 3 })).toThrow(
      /^kmeans has no such option\. given: iteration\. expected: one of redo, iterations\. Did you mean iterations\?$/,
    );
    expect(check({ runs: 3 })).toThrow(/given: runs\. expected: one of redo, iterations\.$/);
  });

  test.each(['__proto__', 'constructor', 'toString'])('an option called %s is unknown', (name) => {
    expect(check(JSON.parse(`{ "${name}": 1 }`))).toThrow('kmeans has no such option');
  });

  test.each([[null], [3], ['redo'], [[1]]])('%p is not an object of options', (options) => {
    let thrown: unknown;
    try {
      check(options)();
    } catch (error) {
      thrown = error;
    }
    expect(isProtoclError(thrown, 'INVALID_OPTIONS')).toBe(true);
  });
});
