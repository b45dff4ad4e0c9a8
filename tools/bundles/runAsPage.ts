import { createContext, Script } from 'node:vm';

import type { Findings } from './pages/page.js';

/** What pages and their workers have besides the language, as far as it is used. */
const OF_PAGES = [
  'console',
  'crypto',
  'fetch',
  'MessageChannel',
  'performance',
  'setTimeout',
  'clearTimeout',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'WebAssembly',
] as const;

const globals = globalThis as Readonly<Record<string, unknown>>;

/**
 * Runs a bundle in a context that has what a browser's worker has, and nothing of Node.
 *
 * @returns what its page found
 * @throws what the page threw
 */
export function runAsPage(script: string): Promise<Findings> {
  return new Promise((resolve, reject) => {
    const context = createContext({
      ...Object.fromEntries(OF_PAGES.map((name) => [name, globals[name]])),
      // By this TensorFlow.js knows a worker.
      WorkerGlobalScope: Object,
      tellFindings: (found: Findings | undefined, error?: string) => {
        if (found === undefined) reject(new Error(error));
        else resolve(found);
      },
    });
    new Script('globalThis.self = globalThis').runInContext(context);
    new Script(script, { filename: 'page.js' }).runInContext(context);
  });
}
