import { add, mul, neg, rsqrt, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { FusedBatchNormInference } from '../kernelNames.js';
import { activate, maskedGradient } from './batchNormTraining.js';
import type { Activation } from './batchNormTraining.js';
import { channelSums } from './channelMeans.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel } from './fusedKernel.js';

interface InferenceAttributes {
  epsilon: number;
  activation: Activation;
}

/** Batch norm with given statistics, followed by the residual and the activation. */
export const batchNormInference: FusedKernel = {
  name: FusedBatchNormInference,
  compose(inputs, attributes) {
    const { epsilon, activation } = attributes as unknown as InferenceAttributes;
    const inverse = rsqrt(add(requiredInput(inputs, 'variance'), epsilon));
    const scaled = mul(
      sub(requiredInput(inputs, 'x'), requiredInput(inputs, 'mean')),
      mul(inverse, requiredInput(inputs, 'scale')),
    );
    return activate(add(scaled, requiredInput(inputs, 'offset')), inputs['residual'], activation);
  },
  gradient: {
    kernelName: FusedBatchNormInference,
    inputsToSave: ['x', 'scale', 'mean', 'variance'],
    outputsToSave: [true],
    gradFunc: (gradient, saved, attributes) => {
      const dy = gradient as Tensor;
      const [x, scale, mean, variance, y] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const { epsilon, activation } = attributes as unknown as InferenceAttributes;
      const masked = () => maskedGradient(dy, y, activation);
      const inverse = () => rsqrt(add(variance, epsilon));
      return {
        x: () => mul(masked(), mul(scale, inverse())),
        scale: () => mul(channelSums(mul(masked(), sub(x, mean))), inverse()),
        offset: () => channelSums(masked()),
        residual: masked,
        mean: () => neg(mul(channelSums(masked()), mul(scale, inverse()))),
        variance: () => {
          const inverted = inverse();
          const slope = mul(mul(scale, -0.5), mul(inverted, mul(inverted, inverted)));
          return mul(channelSums(mul(masked(), sub(x, mean))), slope);
        },
      };
    },
  },
};
