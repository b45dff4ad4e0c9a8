import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';
import { cacheDirectory } from '@protocl/core';

const original = process.env['PROTOCL_CACHE'];
afterEach(() => {
  if (original === undefined) delete process.env['PROTOCL_CACHE'];
  else process.env['PROTOCL_CACHE'] = original;
});

test('belongs to the user by default', () => {
  delete process.env['PROTOCL_CACHE'];
  const path = cacheDirectory();
  expect(isAbsolute(path)).toBe(true);
  expect(path.startsWith(process.env['XDG_CACHE_HOME'] ?? homedir())).toBe(true);
  expect(path).toMatch(/protocl/);
});

test('follows PROTOCL_CACHE and appends segments', () => {
  process.env['PROTOCL_CACHE'] = 'some/cache';
  expect(cacheDirectory('datasets', 'x.bin')).toBe(join(resolve('some/cache'), 'datasets', 'x.bin'));
});

test('takes an empty PROTOCL_CACHE as unset', () => {
  delete process.env['PROTOCL_CACHE'];
  const byDefault = cacheDirectory();
  process.env['PROTOCL_CACHE'] = '';
  expect(cacheDirectory()).toBe(byDefault);
});
