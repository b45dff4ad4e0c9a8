/*
 * The names under which the fused ops are registered with TensorFlow.js. A backend that implements
 * one of them natively registers it under the same name; every other backend gets the composed form.
 */

/**
 * Inputs x [..., C], scale [C], offset [C] and optionally residual like x; attributes epsilon and
 * activation. Outputs y, mean [C], biased variance [C] and 1 / sqrt(variance + epsilon) [C].
 */
export const FusedBatchNormTraining = 'FusedBatchNormTraining';

/**
 * Inputs dy, x, scale, mean, inverseStandardDeviation, and y where the activation is relu;
 * attributes activation and hasResidual. Outputs dx, dscale, doffset, and dresidual where there is one.
 */
export const FusedBatchNormTrainingGrad = 'FusedBatchNormTrainingGrad';

/**
 * Inputs x [..., C], scale, offset, mean and variance [C], and optionally residual like x;
 * attributes epsilon and activation. Output y.
 */
export const FusedBatchNormInference = 'FusedBatchNormInference';

/**
 * Inputs parameter0.., velocity0.., gradient0..; attributes count, learningRate, momentum,
 * weightDecay, nesterov and, for each parameter, decay. Outputs parameter0.., velocity0...
 */
export const SgdMomentumStep = 'SgdMomentumStep';

/** Inputs average0.., value0..; attributes count and momentum. Outputs average0... */
export const ExponentialMovingAverageStep = 'ExponentialMovingAverageStep';

/** Inputs points [n, D] and centroids [k, D]. Outputs indices int32 [n] and squared distances [n]. */
export const NearestCentroid = 'NearestCentroid';

/** Inputs points [n, D] and indices int32 [n]; attribute clusters. Output sums [clusters, D]. */
export const ClusterSums = 'ClusterSums';

/** Input points [n, 2]. Outputs forces [n, 2] and normalizer [], see `studentRepulsion`. */
export const StudentRepulsion = 'StudentRepulsion';
