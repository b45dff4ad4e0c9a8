// The process in which faiss-node runs: an error inside faiss ends it, and nothing but it.
import { createRequire } from 'node:module';

/**
 * @typedef {{ dimension: number, index: 'exact' | 'hnsw', vectors: Float32Array }} BuildRequest
 * @typedef {{ queries: Float32Array }} SearchRequest
 */

const { Index, IndexFlatL2 } = createRequire(import.meta.url)(process.argv[2]);

/** @type {{ add(vectors: number[]): void, search(queries: number[], k: number): { labels: number[] } } | undefined} */
let index;

/** @param {BuildRequest | SearchRequest} request */
function answer(request) {
  if ('vectors' in request) {
    index =
      request.index === 'exact'
        ? new IndexFlatL2(request.dimension)
        : Index.fromFactory(request.dimension, 'HNSW32,Flat');
    // faiss-node takes lists of numbers only.
    index.add(Array.from(request.vectors));
    return {};
  }
  if (index === undefined) throw new Error('there is no index to search');
  return { labels: Int32Array.from(index.search(Array.from(request.queries), 1).labels) };
}

process.on('message', (/** @type {BuildRequest | SearchRequest} */ request) => {
  let reply;
  try {
    reply = answer(request);
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(reply);
});
// Whoever asked is gone, or needs no more.
process.on('disconnect', () => process.exit(0));
