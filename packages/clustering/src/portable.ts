/** All that needs no process of its own: what bundles for browsers get of this package. */
export type { Assigner, AssignerName, Assignment, CentroidSearch } from './assigners/assigner.js';
export { tensorAssigner } from './assigners/tensorAssigner.js';
export { type ClusteringError, type ClusteringErrorCode } from './errors.js';
export { lloyd, type LloydOptions, type LloydResult, type LloydStep } from './kmeans/lloyd.js';
export { kmeans, type KMeansOptions, type KMeansProgress, type KMeansResult } from './kmeans/kmeans.js';
export { adjustedRandIndex } from './metrics/adjustedRandIndex.js';
export { clusterPurity } from './metrics/clusterPurity.js';
export { contingency, type Contingency } from './metrics/contingency.js';
export { adjustedMutualInformation, normalizedMutualInformation } from './metrics/mutualInformation.js';
export { ordinaryScale } from './ordinaryScale.js';
export {
  principalComponents,
  type PrincipalComponents,
  type PrincipalComponentsOptions,
} from './principalComponents.js';
export { buildPrototypes, type PrototypeOptions, type Prototypes } from './prototypes/buildPrototypes.js';
export { concentration, type ConcentrationOptions } from './prototypes/concentration.js';
