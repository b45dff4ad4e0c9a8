import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { packageName } from '@protocl/report';

test('packageName is the name in package.json', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as unknown;
  expect(manifest).toMatchObject({ name: packageName });
});
