export type { Assigner, AssignerName, Assignment } from './assigners/assigner.js';
export { tensorAssigner } from './assigners/tensorAssigner.js';
export { type ClusteringError, type ClusteringErrorCode } from './errors.js';
export { faissNodeAssigner, type FaissNodeOptions } from './faiss/faissNodeAssigner.js';
export {
  prepareFaissNode,
  type PreparedFaissNode,
  type PrepareFaissNodeOptions,
} from './faiss/prepareFaissNode.js';
export { lloyd, type LloydOptions, type LloydResult, type LloydStep } from './kmeans/lloyd.js';
export { kmeans, type KMeansOptions, type KMeansProgress, type KMeansResult } from './kmeans/kmeans.js';
export { adjustedRandIndex } from './metrics/adjustedRandIndex.js';
export { clusterPurity } from './metrics/clusterPurity.js';
export { contingency, type Contingency } from './metrics/contingency.js';
export { adjustedMutualInformation, normalizedMutualInformation } from './metrics/mutualInformation.js';
export {
  principalComponents,
  type PrincipalComponents,
  type PrincipalComponentsOptions,
} from './principalComponents.js';
export { buildPrototypes, type PrototypeOptions, type Prototypes } from './prototypes/buildPrototypes.js';
export { concentration, type ConcentrationOptions } from './prototypes/concentration.js';
