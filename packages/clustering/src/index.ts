export * from './portable.js';
export { faissNodeAssigner, type FaissNodeOptions } from './faiss/faissNodeAssigner.js';
export {
  prepareFaissNode,
  type PreparedFaissNode,
  type PrepareFaissNodeOptions,
} from './faiss/prepareFaissNode.js';
