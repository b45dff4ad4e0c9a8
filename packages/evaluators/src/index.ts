export { type EvaluatorError, type EvaluatorErrorCode } from './errors.js';
export { type Evaluation, type Setting } from './evaluation.js';
export { type LabelledFeatures } from './labelledFeatures.js';
export { knnAccuracy, type KnnOptions, type KnnResult } from './knn/knnAccuracy.js';
export { linearProbe, type LinearProbeOptions, type LinearProbeResult } from './linear/linearProbe.js';
export { clusteringScores, type ClusteringScores } from './clusters/clusteringScores.js';
export { tsne, type TsneOptions, type TsneProgress, type TsneResult } from './tsne/tsne.js';
export { trustworthiness, type TrustworthinessOptions } from './tsne/trustworthiness.js';
export {
  clusterMembers,
  type ClusterMembers,
  type ClusterMembersOptions,
} from './prototypes/clusterMembers.js';
export { prototypeTree, type Granularity, type PrototypeNode } from './prototypes/prototypeTree.js';
export { retrieve, type Retrieval, type RetrieveOptions } from './prototypes/retrieve.js';
export {
  surestPredictions,
  type Prediction,
  type SurestPredictions,
  type SurestPredictionsOptions,
} from './prototypes/surestPredictions.js';
