import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

import { SgdMomentumStep } from '../kernelNames.js';
import { requireFloat, requireNumber, requireSameLength, requireShape } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/** The hyperparameters of {@link sgdMomentumStep}. */
export interface SgdMomentumOptions {
  /** Per step and per unit of gradient. */
  readonly learningRate: number;
  /** The share of the old velocity that is kept. Default 0. */
  readonly momentum?: number;
  /** The share of each parameter that is added to its gradient. Default 0. */
  readonly weightDecay?: number;
  /** Whether to look ahead along the new velocity. Default false. */
  readonly nesterov?: boolean;
  /** For each parameter, whether weight decay applies to it. Default: to all. */
  readonly decay?: readonly boolean[];
}

const OPTIONS: OptionNames<SgdMomentumOptions> = {
  learningRate: true,
  momentum: true,
  weightDecay: true,
  nesterov: true,
  decay: true,
};

/**
 * One step of stochastic gradient descent with momentum over a whole list of parameters.
 *
 * As PyTorch's SGD without dampening: d = gradient + weightDecay * parameter, velocity = momentum *
 * velocity + d, parameter -= learningRate * velocity, or with nesterov learningRate * (d + momentum *
 * velocity). Velocities start at 0. Parameters and velocities are updated in place where the backend
 * can, all in one call; gradients stay with the caller to dispose.
 *
 * @param parameters float32 variables of any shapes
 * @param velocities as many float32 variables of the same shapes
 * @param gradients as many float32 tensors of the same shapes
 * @throws BackendError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not fit
 * @see Sutskever et al., On the importance of initialization and momentum in deep learning, 2013
 */
export function sgdMomentumStep(
  parameters: readonly Variable[],
  velocities: readonly Variable[],
  gradients: readonly Tensor[],
  options: SgdMomentumOptions,
): void {
  const op = 'sgdMomentumStep';
  requireKnownOptions(op, options, OPTIONS);
  const { learningRate, momentum = 0, weightDecay = 0, nesterov = false, decay } = options;
  Object.entries({ learningRate, momentum, weightDecay }).forEach(([name, value]) =>
    requireNumber(op, name, value),
  );
  requireSameLength(op, { parameters, velocities, gradients, ...(decay && { decay }) });
  const inputs: Record<string, Tensor> = {};
  parameters.forEach((parameter, index) => {
    requireFloat(op, `parameters[${index}]`, parameter);
    inputs[`parameter${index}`] = parameter;
    for (const [name, list] of [
      ['velocity', velocities],
      ['gradient', gradients],
    ] as const) {
      const tensor = list[index] as Tensor;
      requireShape(op, `${name} ${index}`, tensor, parameter.shape);
      inputs[`${name}${index}`] = tensor;
    }
  });
  if (parameters.length === 0) return;
  tidy(() => {
    const updated = runFusedKernel(SgdMomentumStep, inputs, {
      count: parameters.length,
      learningRate,
      momentum,
      weightDecay,
      nesterov,
      ...(decay && { decay: [...decay] }),
    }) as Tensor[];
    [...parameters, ...velocities].forEach((variable, index) => variable.assign(updated[index] as Tensor));
  });
}
