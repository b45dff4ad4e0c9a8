import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { cacheDirectory } from '@protocl/core';

import { clusteringError } from '../errors.js';

/** The release whose interface and behaviour this package knows. */
export const FAISS_NODE_VERSION = '0.5.1';

/** Where {@link prepareFaissNode} puts faiss-node: a folder with `node_modules`, one per kind of machine. */
export function preparedFolder(): string {
  return cacheDirectory('faiss-node', `${FAISS_NODE_VERSION}-${process.platform}-${process.arch}`);
}

/**
 * The file to load faiss-node from: as installed in the user's project (the working folder), or beside this package,
 * or as prepared in the cache.
 *
 * @throws {ClusteringError} `FAISS_NODE_UNAVAILABLE` where it is in none of them
 */
export function locateFaissNode(): string {
  const tried: string[] = [];
  for (const folder of [process.cwd(), import.meta.dirname, preparedFolder()]) {
    const found = resolveFrom(folder);
    if (found !== undefined) return found;
    tried.push(resolve(folder));
  }
  throw clusteringError('FAISS_NODE_UNAVAILABLE', {
    message: 'faiss-node is not installed',
    given: tried.join(', '),
    expected: `faiss-node ${FAISS_NODE_VERSION} in one of these folders or above`,
    remedy:
      'Run `npm install faiss-node`, or call prepareFaissNode() once, or use the assigner "tensor", which needs nothing',
  });
}

/** Looks in the `node_modules` of a folder and of all folders above it, as Node does. */
function resolveFrom(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const installed = join(at, 'node_modules/faiss-node');
    // Installed without its script, as npm's option --ignore-scripts does, it has no addon to load.
    if (existsSync(join(installed, 'build'))) return join(installed, 'lib/index.js');
    if (at === dirname(at)) return undefined;
  }
}
