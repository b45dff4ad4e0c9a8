import { readFile } from 'node:fs/promises';

import { expect, jest, test } from '@jest/globals';
import sharp from 'sharp';

import { fixture } from './reference.js';

let attempts = 0;
jest.unstable_mockModule('koffi', () => {
  attempts++;
  throw new Error("Cannot find package 'koffi'");
});
const { decodeImage } = await import('../src/files/decodeImage.js');
const { loadTurboJpeg } = await import('../src/files/turboJpeg.js');

test('without the optional packages all files are decoded all the same', async () => {
  const bytes = await readFile(fixture('picture.jpg'));
  const expected = await sharp(bytes).raw().toBuffer();
  for (let i = 0; i < 100; i++) {
    expect(Buffer.compare((await decodeImage(bytes, {})).data, expected)).toBe(0);
    // They are looked for once, and not before that pays.
    expect(attempts).toBe(process.platform === 'linux' && i >= 64 ? 1 : 0);
  }
  expect(await loadTurboJpeg()).toBeUndefined();
});
