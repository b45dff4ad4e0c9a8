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

/**
 * Inputs points [n, D] and centroids [k, D], and optionally a search's memory: bounds, previous and before. Outputs
 * indices int32 [n] and squared distances [n]; the memory is brought up to date in place.
 */
export const NearestCentroid = 'NearestCentroid';

/**
 * Inputs points [n, D] and centroids [k, D]. Outputs bounds, previous and before, of shapes that are the engine's
 * business; or nothing. It has no composed form: a search without a memory looks at all centroids.
 */
export const NearestCentroidMemory = 'NearestCentroidMemory';

/** Inputs points [n, D] and indices int32 [n]; attribute clusters. Output sums [clusters, D]. */
export const ClusterSums = 'ClusterSums';

/** Input points [n, 2]. Outputs forces [n, 2] and normalizer [], see `studentRepulsion`. */
export const StudentRepulsion = 'StudentRepulsion';
