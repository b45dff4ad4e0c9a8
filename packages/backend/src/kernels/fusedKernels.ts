import { batchNormInference } from './batchNormInference.js';
import { batchNormTraining, batchNormTrainingGrad } from './batchNormTraining.js';
import { clusterSums } from './clusterSums.js';
import type { FusedKernel } from './fusedKernel.js';
import { nearestCentroid } from './nearestCentroid.js';
import { exponentialMovingAverage, sgdMomentum } from './optimizerSteps.js';
import { studentRepulsion } from './studentRepulsion.js';

/** Every fused op that this package brings. */
export const fusedKernels: readonly FusedKernel[] = [
  batchNormTraining,
  batchNormTrainingGrad,
  batchNormInference,
  sgdMomentum,
  exponentialMovingAverage,
  nearestCentroid,
  clusterSums,
  studentRepulsion,
];
