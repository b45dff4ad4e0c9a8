import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What a page needs besides its data. */
export interface PageAssets {
  readonly style: string;
  /** To be run in this order. */
  readonly scripts: readonly string[];
}

/** They share one scope; `main.js` starts the page. */
const SCRIPTS = [
  'elements.js',
  'theme.js',
  'charts.js',
  'thumbnails.js',
  'embedding.js',
  'runs.js',
  'clusters.js',
  'live.js',
  'main.js',
];

/** Plain JavaScript that browsers run as it is, beside `src` and beside `dist`. */
const PAGE = join(import.meta.dirname, '..', '..', 'page');

let loaded: Promise<PageAssets> | undefined;

/** The page's style and scripts, read once. */
export function pageAssets(): Promise<PageAssets> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<PageAssets> {
  const echarts = createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js');
  const read = (path: string) => readFile(path, 'utf8');
  const [style, library, ...parts] = await Promise.all([
    read(join(PAGE, 'page.css')),
    read(echarts),
    ...SCRIPTS.map((name) => read(join(PAGE, name))),
  ]);
  const page = `(() => {\n'use strict';\n${parts.join('\n')}\n})();`;
  return { style: style, scripts: [library, page].map(withinElement) };
}

/** A script that no text of its own can end; a browser reads line ends as it hashes them. */
function withinElement(script: string): string {
  return script.replaceAll('\r\n', '\n').replaceAll(/<(?=\/script|!--)/gi, '\\x3c');
}

/** The source by which a content security policy allows one inline script and no other. */
export function scriptHash(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}
