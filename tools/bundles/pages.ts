import { join } from 'node:path';

/** The packages that a page can use, each with a program in `pages`. */
export const PAGES = [
  'augment',
  'backend',
  'clustering',
  'core',
  'encoders',
  'evaluators',
  'losses',
  'momentum',
  'trainer',
] as const;

export type PageName = (typeof PAGES)[number];

/** The backends that run anywhere. */
export type PageBackend = 'cpu' | 'wasm' | 'webgl';

/** Where this repository's sources are found; users get what they were compiled to. */
export const SOURCES = '@protocl/source';

function modulePath(name: PageName): string {
  return join(import.meta.dirname, 'pages', `${name}.ts`);
}

/**
 * A program that imports TensorFlow.js, a backend and a page's module, and nothing besides. It ends with a call of
 * the global function `tellFindings`, with what the page found, or undefined and what was thrown.
 */
export function program(name: PageName, backend: PageBackend): string {
  return `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-${backend}';
    import { page } from ${JSON.stringify(modulePath(name))};
    tf.setBackend('${backend}').then(page).then(
      (found) => globalThis.tellFindings(found),
      (error) => globalThis.tellFindings(undefined, error.stack ?? String(error)),
    );
  `;
}
