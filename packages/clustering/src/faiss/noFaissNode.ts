import { clusteringError } from '../errors.js';

/**
 * What stands in the place of the assigner by faiss-node on pages, which have no processes.
 *
 * @throws {ClusteringError} `FAISS_NODE_UNAVAILABLE` always
 */
export function faissNodeAssigner(): never {
  throw clusteringError('FAISS_NODE_UNAVAILABLE', {
    message: 'faiss-node runs in Node only',
    given: "assigner 'faiss-node'",
    expected: "'tensor' on a page",
    remedy: "Use the assigner 'tensor'",
  });
}
