export { type EvaluatorError, type EvaluatorErrorCode } from './errors.js';
export { type Evaluation, type Setting } from './evaluation.js';
export { type LabelledFeatures } from './labelledFeatures.js';
export { knnAccuracy, type KnnOptions, type KnnResult } from './knn/knnAccuracy.js';
export { linearProbe, type LinearProbeOptions, type LinearProbeResult } from './linear/linearProbe.js';
