import { add, mul, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { ExponentialMovingAverageStep, SgdMomentumStep } from '../kernelNames.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel, KernelInputs } from './fusedKernel.js';

interface SgdAttributes {
  count: number;
  learningRate: number;
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
  decay?: readonly boolean[];
}

/** PyTorch's SGD without dampening: a first velocity of 0 becomes the gradient itself. */
export const sgdMomentum: FusedKernel = {
  name: SgdMomentumStep,
  compose(inputs, attributes) {
    const { count, learningRate, momentum, weightDecay, nesterov, decay } =
      attributes as unknown as SgdAttributes;
    const updated = numbered(count).map((index) =>
      tidy(() => {
        const parameter = requiredInput(inputs, `parameter${index}`);
        const gradient = requiredInput(inputs, `gradient${index}`);
        const decays = weightDecay !== 0 && decay?.[index] !== false;
        const direction = decays ? add(gradient, mul(parameter, weightDecay)) : gradient;
        const velocity = add(mul(requiredInput(inputs, `velocity${index}`), momentum), direction);
        const step = nesterov ? add(direction, mul(velocity, momentum)) : velocity;
        return [sub(parameter, mul(step, learningRate)), velocity] as [Tensor, Tensor];
      }),
    );
    return [...updated.map(([parameter]) => parameter), ...updated.map(([, velocity]) => velocity)];
  },
};

interface AverageAttributes {
  count: number;
  momentum: number;
}

/** average = momentum * average + (1 - momentum) * value, for each of a list. */
export const exponentialMovingAverage: FusedKernel = {
  name: ExponentialMovingAverageStep,
  compose(inputs, attributes) {
    const { count, momentum } = attributes as unknown as AverageAttributes;
    return numbered(count).map((index) => averaged(inputs, index, momentum));
  },
};

function averaged(inputs: KernelInputs, index: number, momentum: number): Tensor {
  return tidy(() =>
    add(
      mul(requiredInput(inputs, `average${index}`), momentum),
      mul(requiredInput(inputs, `value${index}`), 1 - momentum),
    ),
  );
}

function numbered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
