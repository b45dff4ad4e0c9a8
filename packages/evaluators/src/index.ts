export { type EvaluatorError, type EvaluatorErrorCode } from './errors.js';
export { type Evaluation, type Setting } from './evaluation.js';
export { type LabelledFeatures } from './labelledFeatures.js';
export { knnAccuracy, type KnnOptions, type KnnResult } from './knn/knnAccuracy.js';
export { linearProbe, type LinearProbeOptions, type LinearProbeResult } from './linear/linearProbe.js';
export { evaluate, type EvaluateOptions, type Evaluations } from './evaluate.js';
export { linearSweep, type LinearSweepOptions, type LinearSweepResult } from './linear/linearSweep.js';
export { lowShot, type LowShotOptions, type LowShotResult, type ShotScores } from './lowShot/lowShot.js';
export {
  averagePrecision,
  meanAveragePrecision,
  type AveragePrecisionMethod,
  type AveragePrecisionOptions,
} from './svm/averagePrecision.js';
export { fitLinearSvm, type LinearSvm } from './svm/fitLinearSvm.js';
export { type ClassWeight } from './svm/hingeProblem.js';
export { type FitLinearSvmOptions, type SvmCost } from './svm/svmOptions.js';
export { linearSvm, type LinearSvmOptions, type LinearSvmResult } from './svm/linearSvm.js';
export { type Difficult } from './svm/targets.js';
export { type ClassLabels, type Labels, type MultiLabels } from './labels.js';
export { clusteringScores, type ClusteringScores } from './clusters/clusteringScores.js';
export { tsne, type TsneOptions, type TsneProgress, type TsneResult } from './tsne/tsne.js';
export { trustworthiness, type TrustworthinessOptions } from './tsne/trustworthiness.js';
export { drawLabelledShare, type LabelledShareOptions } from './semiSupervised/drawLabelledShare.js';
export { fineTune, type FineTuneOptions } from './semiSupervised/fineTune.js';
export {
  type FrozenEncoder,
  type LabelledBatch,
  type LabelledSplits,
  type TrainableEncoder,
} from './semiSupervised/images.js';
export { type LearningOptions } from './semiSupervised/learn.js';
export { type RateSchedule } from './semiSupervised/learningRates.js';
export { linearProtocol, type LinearProtocolOptions } from './semiSupervised/linearProtocol.js';
export {
  semiSupervised,
  type DisposableEncoder,
  type LabelledShare,
  type SemiSupervisedOptions,
  type SemiSupervisedSplits,
} from './semiSupervised/semiSupervised.js';
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
