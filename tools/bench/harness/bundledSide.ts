import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { writeFileAtomic } from '@protocl/core';
import { build, type Plugin } from 'esbuild';

import type { SideCommand } from './side.js';

const workspace = join(import.meta.dirname, '../../..');

/**
 * The command that starts a TypeScript file as a side. The file is compiled beforehand, so that what
 * is measured is Node and our packages, as a user has them, without the memory of a compiler.
 */
export async function bundledSide(label: string, entry: string): Promise<SideCommand> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@protocl/source'],
    // Loaded from node_modules: there must be one instance of tfjs-core, engines are optional, and
    // sharp and koffi find their binaries beside themselves.
    external: ['@tensorflow/*', 'sharp', 'koffi'],
    plugins: [keepModuleUrls],
    // What CommonJS dependencies call `require` has to be made in an ES module.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  const contents = outputFiles[0]!.contents;
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16);
  const name = `bench-${basename(entry, '.ts')}-${hash}.mjs`;
  const path = join(workspace, 'node_modules/.cache/protocl', name);
  await writeFileAtomic(path, contents);
  return { label, command: process.execPath, arguments: [path] };
}

/** Our packages find their own files beside their source, wherever the bundle lies. */
const keepModuleUrls: Plugin = {
  name: 'keep-module-urls',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
      return { contents, loader: 'ts' };
    });
  },
};
