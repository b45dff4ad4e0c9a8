import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { program, SOURCES, type PageBackend, type PageName } from './pages.js';

/** One script for a browser. */
export interface Bundle {
  readonly script: string;
  /** What it was made of, and what it would still import. */
  readonly modules: readonly string[];
  readonly imports: readonly string[];
  readonly warnings: readonly string[];
}

/** Bundles a page as a user's esbuild does: nothing is left out, and nothing of Node replaced. */
export async function esbuildBundle(name: PageName, backend: PageBackend): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    stdin: { contents: program(name, backend), resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: 'iife',
    platform: 'browser',
    conditions: [SOURCES],
    logLevel: 'silent',
  });
  return {
    script: outputFiles[0]!.text,
    modules: Object.keys(metafile.inputs),
    imports: Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
    warnings: warnings.map(({ text }) => text),
  };
}

/**
 * Bundles all pages as a user's Vite does, with the backend cpu: in a process of its own, since its addon knows
 * nothing of Jest's contexts.
 */
export async function viteBundles(): Promise<Record<PageName, Bundle>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'vite', 'main.ts')],
    { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 2 ** 28 },
  );
  return JSON.parse(stdout) as Record<PageName, Bundle>;
}
