import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { writeFileAtomic } from '@protocl/core';
import { build } from 'esbuild';

import { moduleUrls, requireBanner } from './moduleUrls.js';
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
    plugins: [
      moduleUrls((path) => ({
        url: JSON.stringify(pathToFileURL(path).href),
        directory: JSON.stringify(dirname(path)),
      })),
    ],
    banner: { js: requireBanner },
    logLevel: 'error',
  });
  const contents = outputFiles[0]!.contents;
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16);
  const name = `bench-${basename(entry, '.ts')}-${hash}.mjs`;
  const path = join(workspace, 'node_modules/.cache/protocl', name);
  await writeFileAtomic(path, contents);
  return { label, command: process.execPath, arguments: [path] };
}
