import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

test('what needs no file system can be bundled for a browser', async () => {
  const { errors, metafile } = await build({
    entryPoints: [join(import.meta.dirname, '..', 'src', 'portable.ts')],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@protocl/source'],
    external: ['@tensorflow/tfjs-core'],
    logLevel: 'silent',
  });
  expect(errors).toEqual([]);
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect([...new Set(imported)]).toEqual(['@tensorflow/tfjs-core']);
});
