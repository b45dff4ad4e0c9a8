import { expect, test } from '@jest/globals';

import { describeParity } from './describeParity.js';
import { picture } from './picture.js';
import { reference } from './reference.js';

test('both sides paint the same picture', () => {
  const sum = picture(256, 336).reduce((total, value) => total + value, 0);
  expect(sum).toBe(reference.checksum);
});

describeParity('wasm');
