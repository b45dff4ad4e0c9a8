import { describe, expect, test } from '@jest/globals';
import { outdated } from '../dependencies.mjs';

const locked = {
  '': { version: '1.0.0' },
  'packages/core': { version: '0.0.0' },
  'node_modules/@protocl/core': { link: true },
  'node_modules/jest': { version: '30.0.0', integrity: 'sha512-a' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};
const installed = {
  'packages/core': { version: '0.0.0' },
  'node_modules/@protocl/core': { link: true },
  'node_modules/jest': { version: '30.0.0', integrity: 'sha512-a' },
};

describe('outdated', () => {
  test('finds nothing where all is installed but what fits another platform', () => {
    expect(outdated(locked, installed)).toEqual([]);
  });

  test('finds what is missing, a link included', () => {
    expect(outdated(locked, {})).toEqual(['node_modules/@protocl/core', 'node_modules/jest']);
  });

  test('finds another version and other contents', () => {
    const newer = { ...installed, 'node_modules/jest': { version: '30.0.1', integrity: 'sha512-a' } };
    const damaged = { ...installed, 'node_modules/jest': { version: '30.0.0', integrity: 'sha512-x' } };
    expect(outdated(locked, newer)).toEqual(['node_modules/jest']);
    expect(outdated(locked, damaged)).toEqual(['node_modules/jest']);
  });

  test('finds an optional package of another version', () => {
    const present = {
      ...installed,
      'node_modules/other-platform': { version: '0.9.0', integrity: 'sha512-b' },
    };
    expect(outdated(locked, present)).toEqual(['node_modules/other-platform']);
  });
});
