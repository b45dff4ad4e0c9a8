export { ensureKernels } from './ensureKernels.js';
export { type BackendError, type BackendErrorCode } from './errors.js';
export { registerGradients } from './gradients/registerGradients.js';
export * from './kernelNames.js';
export { type Activation } from './kernels/batchNormTraining.js';
export { batchNorm, type BatchNormOptions } from './ops/batchNorm.js';
export {
  exponentialMovingAverageStep,
  type ExponentialMovingAverageOptions,
} from './ops/exponentialMovingAverageStep.js';
export { clusterSums } from './ops/clusterSums.js';
export {
  nearestCentroid,
  nearestCentroidSearch,
  type NearestCentroids,
  type NearestCentroidSearch,
} from './ops/nearestCentroid.js';
export { studentRepulsion, type StudentRepulsionForces } from './ops/studentRepulsion.js';
export { sgdMomentumStep, type SgdMomentumOptions } from './ops/sgdMomentumStep.js';
export { BACKEND_NAMES, type BackendName } from './engines/engine.js';
export {
  useBackend,
  type BackendSelection,
  type RejectedBackend,
  type UseBackendOptions,
} from './useBackend.js';
