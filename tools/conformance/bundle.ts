import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type Plugin } from 'esbuild';

import { workspaceRoot } from '../setup/workspace.mjs';
import type { BackendName } from './suite/events.js';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Bundles tfjs-core's suite with a backend into one ES module, so that both share one instance of tfjs-core.
 *
 * @param tfjsFolder below which TensorFlow.js is installed. Default: the repository
 * @returns the module's text
 */
export async function bundleSuite(backend: BackendName, tfjsFolder = here): Promise<string> {
  const parts = [
    './suite/jasmine.js',
    `./suite/${backend}.js`,
    './suite/environment.js',
    '@tensorflow/tfjs-core/dist/tests.js',
    './suite/run.js',
  ];
  const result = await build({
    stdin: {
      contents: parts.map((part) => `import '${part}';`).join('\n'),
      resolveDir: here,
      sourcefile: 'suite.ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    conditions: ['@protocl/source'],
    // What the suite needs besides TensorFlow.js, also where that is installed elsewhere.
    nodePaths: [join(workspaceRoot, 'node_modules')],
    // tfjs-core declares its test files free of side effects; believed, that would drop every spec.
    ignoreAnnotations: true,
    banner: { js: commonJsNames },
    plugins: [suitePlugin(tfjsFolder)],
    logLevel: 'error',
  });
  return result.outputFiles[0]?.text ?? '';
}

/** tfjs-core, its backends and jasmine use these, which an ES module has to make itself. */
const commonJsNames = `
import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;
`;

const suitePlugin = (tfjsFolder: string): Plugin => ({
  name: 'suite',
  setup(bundler) {
    const coreFolder = tfjsPackage('core', tfjsFolder);
    bundler.onResolve({ filter: /^@tensorflow\// }, async ({ path, kind, pluginData }) =>
      pluginData === resolved
        ? undefined
        : bundler.resolve(path, { kind, resolveDir: tfjsFolder, pluginData: resolved }),
    );
    bundler.onLoad({ filter: /tfjs-core[\\/]dist[\\/].*_test\.js$/ }, async ({ path }) => {
      const name = relative(join(coreFolder, 'dist'), path).split(sep).join('/');
      return { contents: `globalThis.specFile = '${name}';\n${await readFile(path, 'utf8')}`, loader: 'js' };
    });
    // The process that starts the suite has prepared libtorch: the bundle is told where the addon is.
    bundler.onResolve({ filter: /libtorch\/prepare\.js$/ }, () => ({
      path: 'prepare',
      namespace: 'prepared',
    }));
    bundler.onLoad({ filter: /.*/, namespace: 'prepared' }, () => ({
      contents: `import { settings } from './suite/settings.js';
export const prepareTorch = async () => ({ addonPath: settings.addonPath });`,
      resolveDir: here,
    }));
  },
});

/** Marks what the plugin itself asks esbuild to resolve. */
const resolved = Symbol('resolved');

/** The folder of a package of TensorFlow.js. */
export function tfjsPackage(name: 'core' | 'backend-wasm', tfjsFolder = here): string {
  const installed = createRequire(join(tfjsFolder, 'resolved.js'));
  return dirname(installed.resolve(`@tensorflow/tfjs-${name}/package.json`));
}
