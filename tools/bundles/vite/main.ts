import { join } from 'node:path';

import { build, createLogger, defaultClientConditions, type Rolldown } from 'vite';

import type { Bundle } from '../bundle.js';
import { PAGES, program, SOURCES, type PageBackend, type PageName } from '../pages.js';

const entry = join(import.meta.dirname, 'entry.ts');

async function bundlePage(name: PageName, backend: PageBackend): Promise<Bundle> {
  // Of what Node alone has, Vite only warns.
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const built = (await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'warn',
    customLogger: { ...createLogger('silent'), warn, warnOnce: warn },
    resolve: { conditions: [SOURCES, ...defaultClientConditions] },
    plugins: [
      {
        name: 'program',
        enforce: 'pre',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? program(name, backend) : undefined),
      },
    ],
    build: {
      write: false,
      modulePreload: false,
      chunkSizeWarningLimit: Infinity,
      rolldownOptions: { input: entry, output: { format: 'iife' } },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter((output) => output.type === 'chunk');
  return {
    script: chunks.map(({ code }) => code).join('\n'),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
    imports: chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]),
    warnings,
  };
}

const bundles: [PageName, Bundle][] = [];
for (const name of PAGES) bundles.push([name, await bundlePage(name, 'cpu')]);
process.stdout.write(JSON.stringify(Object.fromEntries(bundles)));
