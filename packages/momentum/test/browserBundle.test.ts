import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

test('the package can be bundled for a browser', async () => {
  const { errors, metafile } = await build({
    entryPoints: [join(import.meta.dirname, '..', 'src', 'index.ts')],
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
  // Nothing but tfjs-core is bound at build time: backends are found at run time, or imported by the page.
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect([...new Set(imported)]).toEqual(['@tensorflow/tfjs-core']);
});
