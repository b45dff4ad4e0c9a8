import { join } from 'node:path';

import { expect } from '@jest/globals';

import type { Findings } from './pages/page.js';

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

/** The module of a page. */
export function modulePath(name: PageName): string {
  return join(import.meta.dirname, 'pages', `${name}.ts`);
}

/**
 * A program that imports TensorFlow.js, a backend and a page's module, and nothing besides.
 *
 * @param tell an expression of a function that is given what the page found, or undefined, and what was thrown
 */
export function program(name: PageName, backend: PageBackend, tell: string): string {
  return `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-${backend}';
    import { page } from ${JSON.stringify(modulePath(name))};
    const tell = ${tell};
    tf.setBackend('${backend}').then(page).then(
      (found) => tell(found),
      (error) => tell(undefined, error.stack ?? String(error)),
    );
  `;
}

/** Requires that a page found what it has to. */
export function expectFindings(findings: Findings): void {
  expect(Object.keys(findings)).not.toEqual([]);
  for (const [name, [found, expected]] of Object.entries(findings)) {
    if (typeof expected === 'string') expect({ [name]: found }).toEqual({ [name]: expected });
    else expect({ [name]: found }).toEqual({ [name]: expect.closeTo(expected, 2) as unknown });
  }
}
