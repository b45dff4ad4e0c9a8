import { requireKnownOptions } from '@protocl/core/options';
import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

import { ExponentialMovingAverageStep } from '../kernelNames.js';
import { requireFloat, requireNumber, requireSameLength, requireShape } from './checks.js';
import { runFusedKernel } from './runFusedKernel.js';

/** How strongly {@link exponentialMovingAverageStep} keeps what was there. */
export interface ExponentialMovingAverageOptions {
  /** The share of the old average, from 0 to 1. */
  readonly momentum: number;
}

/**
 * Moves each average towards its value: average = momentum * average + (1 - momentum) * value.
 *
 * The averages are updated in place where the backend can, all of them in one call. Values stay
 * with their owner, and may be variables, such as those of the encoder that is followed.
 *
 * @param averages float32 variables of any shapes
 * @param values as many float32 tensors of the same shapes
 * @throws BackendError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not fit
 */
export function exponentialMovingAverageStep(
  averages: readonly Variable[],
  values: readonly Tensor[],
  options: ExponentialMovingAverageOptions,
): void {
  const op = 'exponentialMovingAverageStep';
  requireKnownOptions(op, options, { momentum: true });
  const { momentum } = options;
  requireNumber(op, 'momentum', momentum);
  requireSameLength(op, { averages, values });
  const inputs: Record<string, Tensor> = {};
  averages.forEach((average, index) => {
    const value = values[index] as Tensor;
    requireFloat(op, `averages[${index}]`, average);
    requireShape(op, `values[${index}]`, value, average.shape);
    inputs[`average${index}`] = average;
    inputs[`value${index}`] = value;
  });
  if (averages.length === 0) return;
  tidy(() => {
    const attributes = { count: averages.length, momentum };
    const updated = runFusedKernel(ExponentialMovingAverageStep, inputs, attributes) as Tensor[];
    averages.forEach((average, index) => average.assign(updated[index] as Tensor));
  });
}
