import { getGradient, registerGradient } from '@tensorflow/tfjs-core';

import { binaryRules } from './binary.js';
import { completeBatchNorm } from './completeBatchNorm.js';
import { convolutionRules } from './convolutions.js';
import { gradientConfig } from './gradientRule.js';
import { reductionRules } from './reductions.js';
import { shapeRules } from './shapes.js';
import { unaryRules } from './unary.js';

const rules = { ...unaryRules, ...binaryRules, ...reductionRules, ...shapeRules, ...convolutionRules };

/**
 * Registers the gradients of TensorFlow.js's own kernels, where they have none yet.
 *
 * `@tensorflow/tfjs-core` has them in files that only a bundler can load: imported in Node by
 * itself, it differentiates nothing. Gradients that are registered already, by
 * `@tensorflow/tfjs`, by a bundle or by a backend, are left as they are. Importing
 * `ensureKernels`, an op of this package or a package that differentiates does this, too.
 */
export function registerGradients(): void {
  completeBatchNorm();
  for (const [kernelName, rule] of Object.entries(rules)) {
    if (getGradient(kernelName) === undefined) registerGradient(gradientConfig(kernelName, rule));
  }
}
