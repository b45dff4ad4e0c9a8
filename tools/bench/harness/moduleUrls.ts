import { readFile } from 'node:fs/promises';

import type { Plugin } from 'esbuild';

/** What a source file's own place becomes in a bundle: two JavaScript expressions. */
export interface ModulePlace {
  /** In the place of `import.meta.url`. */
  readonly url: string;
  /** In the place of `import.meta.dirname`. */
  readonly directory: string;
}

/**
 * An esbuild plugin: modules look for their own files (workers, native sources, Python scripts) beside
 * their source, wherever the bundle lies.
 *
 * @param placeOf the place of a source file, by its absolute path
 */
export function moduleUrls(placeOf: (path: string) => ModulePlace): Plugin {
  return {
    name: 'module-urls',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const { url, directory } = placeOf(path);
        const source = await readFile(path, 'utf8');
        const contents = source
          .replaceAll('import.meta.url', url)
          .replaceAll('import.meta.dirname', directory);
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** What CommonJS dependencies call `require` has to be made in an ES module. */
export const requireBanner =
  "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);";
