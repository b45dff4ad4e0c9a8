import { describe, expect, test } from '@jest/globals';

import { parseOptions } from '../options.js';

describe('the options of the demo', () => {
  test('have defaults', () => {
    expect(parseOptions([])).toEqual({ seconds: 60, backend: 'auto', seed: 1, batchSize: 128 });
  });

  test('are read', () => {
    const args = ['--seconds', '2.5', '--backend=wasm', '--seed', '7', '--batch-size', '32'];
    expect(parseOptions(args)).toEqual({ seconds: 2.5, backend: 'wasm', seed: 7, batchSize: 32 });
    expect(parseOptions(['--help'])).toBe('help');
    expect(parseOptions(['-h'])).toBe('help');
  });

  test.each([
    [['--seconds', '0']],
    [['--seconds', 'many']],
    [['--seconds', '']],
    [['--seconds', 'Infinity']],
    [['--backend', 'abacus']],
    [['--seed', '-1']],
    [['--seed', '1.5']],
    [['--batch-size', '1']],
    [['--batch-size', '1e9']],
    [['--unknown']],
    [['something']],
    [['--seconds']],
  ])('refuse %p', (args) => {
    expect(() => parseOptions(args)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});
