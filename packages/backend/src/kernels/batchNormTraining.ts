import { add, clone, engine, mul, relu, rsqrt, square, step, sub, zerosLike } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Tensor, Tensor1D } from '@tensorflow/tfjs-core';

import { FusedBatchNormTraining, FusedBatchNormTrainingGrad } from '../kernelNames.js';
import { channelMeans, channelSums } from './channelMeans.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel } from './fusedKernel.js';

/** What follows the normalisation in the same pass. */
export type Activation = 'linear' | 'relu';

/** The attributes of both kernels; each reads the ones it needs. */
interface TrainingAttributes {
  epsilon: number;
  activation: Activation;
  hasResidual?: boolean;
}

/** Adds the residual where there is one, then applies the activation. */
export function activate(normalised: Tensor, residual: Tensor | undefined, activation: Activation): Tensor {
  const summed = residual === undefined ? normalised : add(normalised, residual);
  return activation === 'relu' ? relu(summed) : summed;
}

/** dy where the activation let its input through. */
export function maskedGradient(dy: Tensor, y: Tensor, activation: Activation): Tensor {
  return activation === 'relu' ? mul(dy, step(y)) : dy;
}

/** Batch norm with the batch's own statistics (Ioffe and Szegedy 2015, algorithm 1). */
export const batchNormTraining: FusedKernel = {
  name: FusedBatchNormTraining,
  compose(inputs, attributes) {
    const { epsilon, activation } = attributes as unknown as TrainingAttributes;
    const x = requiredInput(inputs, 'x');
    const mean = channelMeans(x);
    const centred = sub(x, mean);
    const variance = channelMeans(square(centred));
    const inverse = rsqrt(add(variance, epsilon));
    const scaled = mul(centred, mul(inverse, requiredInput(inputs, 'scale')));
    const y = activate(add(scaled, requiredInput(inputs, 'offset')), inputs['residual'], activation);
    return [y, mean, variance, inverse];
  },
  gradient: {
    kernelName: FusedBatchNormTraining,
    inputsToSave: ['x', 'scale'],
    outputsToSave: [true, true, false, true],
    // The batch statistics are outputs for the moving averages: no gradient flows through them.
    gradFunc: (dys, saved, attributes) => {
      const [dy] = dys as [Tensor];
      const [x, scale, y, mean, inverseStandardDeviation] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const { epsilon, activation, hasResidual } = attributes as unknown as TrainingAttributes;
      // One pass gives all gradients, so it runs here and not in the functions that hand them out.
      const [dx, dscale, doffset, dresidual] = engine().runKernel<Tensor[]>(
        FusedBatchNormTrainingGrad,
        { dy, x, y, scale, mean, inverseStandardDeviation },
        { activation, hasResidual: hasResidual === true, epsilon },
      );
      return {
        x: () => dx as Tensor,
        scale: () => dscale as Tensor,
        offset: () => doffset as Tensor,
        residual: () => dresidual ?? maskedGradient(dy, y, activation),
      };
    },
  },
};

/** The gradients of {@link batchNormTraining}, all in one. */
export const batchNormTrainingGrad: FusedKernel = {
  name: FusedBatchNormTrainingGrad,
  compose(inputs, attributes) {
    const { activation, hasResidual } = attributes as unknown as TrainingAttributes;
    const [dy, x, scale, mean, inverse] = ['dy', 'x', 'scale', 'mean', 'inverseStandardDeviation'].map(
      (name) => requiredInput(inputs, name),
    ) as [Tensor, Tensor, Tensor, Tensor1D, Tensor1D];
    const masked = activation === 'relu' ? maskedGradient(dy, requiredInput(inputs, 'y'), activation) : dy;
    const normalised = mul(sub(x, mean), inverse);
    const meanOfDy = channelMeans(masked);
    const meanOfProduct = channelMeans(mul(masked, normalised));
    const projectedDy = sub(sub(masked, meanOfDy), mul(normalised, meanOfProduct));
    const count = x.size / scale.size;
    const gradients = [
      mul(projectedDy, mul(scale, inverse)),
      mul(meanOfProduct, count),
      mul(meanOfDy, count),
    ];
    return hasResidual === true ? [...gradients, clone(masked)] : gradients;
  },
  gradient: {
    kernelName: FusedBatchNormTrainingGrad,
    inputsToSave: ['dy', 'x', 'scale', 'y'],
    gradFunc: (upstream, saved, attributes) => secondGradients(upstream as Tensor[], saved, attributes),
  },
};

/** `v` without its mean and without its part along the normalised input: what batch norm lets back through. */
function projected(v: Tensor, normalised: Tensor): Tensor {
  return sub(sub(v, channelMeans(v)), mul(normalised, channelMeans(mul(v, normalised))));
}

/**
 * The gradients of the gradients.
 *
 * With P for {@link projected}, n for the normalised input, r for 1 / standard deviation and g for
 * the masked dy: dx = scale r P(g), P is its own adjoint, and n moves with x by r P. The statistics
 * are computed anew, as functions of x, so that even these gradients can be differentiated.
 */
function secondGradients(
  upstream: Tensor[],
  saved: Tensor[],
  attributes: NamedAttrMap,
): Record<string, () => Tensor> {
  const { epsilon, activation } = attributes as unknown as TrainingAttributes;
  const [dy, x, scale, y] = saved as [Tensor, Tensor, Tensor, Tensor];
  const [ofDx, ofDscale, ofDoffset, ofDresidual] = upstream as [Tensor, Tensor, Tensor, Tensor | undefined];
  const centred = sub(x, channelMeans(x));
  const inverse = rsqrt(add(channelMeans(square(centred)), epsilon));
  const normalised = mul(centred, inverse);
  const masked = maskedGradient(dy, y, activation);
  const projectedDy = projected(masked, normalised);
  const projectedDx = projected(ofDx, normalised);
  const alongDy = channelMeans(mul(masked, normalised));
  const alongDx = channelMeans(mul(ofDx, normalised));
  const product = channelMeans(mul(ofDx, projectedDy));
  const flatZeros = () => zerosLike(scale);
  return {
    dy: () => {
      const direct = add(add(mul(projectedDx, mul(scale, inverse)), mul(normalised, ofDscale)), ofDoffset);
      return maskedGradient(ofDresidual === undefined ? direct : add(direct, ofDresidual), y, activation);
    },
    x: () => {
      const curvature = add(
        mul(normalised, product),
        add(mul(projectedDx, alongDy), mul(projectedDy, alongDx)),
      );
      const ofScale = mul(projectedDy, mul(ofDscale, inverse));
      return sub(ofScale, mul(curvature, mul(scale, square(inverse))));
    },
    scale: () => mul(channelSums(mul(ofDx, projectedDy)), inverse),
    y: () => zerosLike(y),
    mean: flatZeros,
    inverseStandardDeviation: flatZeros,
  };
}
