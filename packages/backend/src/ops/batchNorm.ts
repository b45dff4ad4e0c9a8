import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import { mul, tidy, Variable } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { FusedBatchNormInference, FusedBatchNormTraining } from '../kernelNames.js';
import type { Activation } from '../kernels/batchNormTraining.js';
import { requireFloat, requireNumber, requireShape } from './checks.js';
import { exponentialMovingAverageStep } from './exponentialMovingAverageStep.js';
import { runFusedKernel } from './runFusedKernel.js';

/** What {@link batchNorm} normalises with. C is the size of the last axis of x. */
export interface BatchNormOptions {
  /** gamma, float32 [C]. */
  readonly scale: Tensor;
  /** beta, float32 [C]. */
  readonly offset: Tensor;
  /**
   * float32 [C]. In training a variable, which is moved towards the batch's mean, or left out; else
   * the mean to normalise with. Make it a variable that is not trainable.
   */
  readonly movingMean?: Tensor;
  /** float32 [C]. In training a variable, moved towards the batch's unbiased variance; else the variance. */
  readonly movingVariance?: Tensor;
  /** Whether to normalise with the batch's own statistics and to update the moving ones. */
  readonly training: boolean;
  /** The share of the batch in the moving statistics, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Added before the activation, float32 of x's shape. */
  readonly residual?: Tensor;
  /** Applied last. Default `linear`. */
  readonly activation?: Activation;
}

const OPTIONS: OptionNames<BatchNormOptions> = {
  scale: true,
  offset: true,
  movingMean: true,
  movingVariance: true,
  training: true,
  momentum: true,
  epsilon: true,
  residual: true,
  activation: true,
};

/**
 * Normalises each channel of `x`, scales and shifts it, adds a residual and applies ReLU, in one pass.
 *
 * Differentiable in x, scale, offset and residual. In training no gradient flows through the moving
 * statistics; the biased variance normalises and the unbiased one is averaged, as in PyTorch.
 *
 * @param x float32 [N, ..., C], channels last, of any rank from 2
 * @returns float32 of x's shape, for the caller to dispose
 * @throws BackendError `INVALID_SHAPE`, `INVALID_DTYPE` or `INVALID_OPTION` for arguments that do not
 *   fit; `INVALID_SHAPE` too in training with a single value per channel, which has no variance
 * @see Ioffe and Szegedy, Batch Normalization, 2015, algorithms 1 and 2
 */
export function batchNorm<Image extends Tensor>(x: Image, options: BatchNormOptions): Image {
  requireKnownOptions('batchNorm', options, OPTIONS);
  const {
    scale,
    offset,
    training,
    momentum = 0.1,
    epsilon = 1e-5,
    residual,
    activation = 'linear',
  } = options;
  requireFittingTensors(x, options);
  requireNumber('batchNorm', 'epsilon', epsilon, 0);
  requireNumber('batchNorm', 'momentum', momentum);
  const inputs = { x, scale, offset, ...(residual && { residual }) };
  const attributes = { epsilon, activation };
  if (!training) {
    const { movingMean, movingVariance } = options;
    if (movingMean === undefined || movingVariance === undefined) throw statisticsMissing(options);
    const statistics = { mean: movingMean, variance: movingVariance };
    return runFusedKernel(FusedBatchNormInference, { ...inputs, ...statistics }, attributes) as Image;
  }
  return tidy(() => {
    const [y, mean, variance] = runFusedKernel(FusedBatchNormTraining, inputs, {
      ...attributes,
      hasResidual: residual !== undefined,
    }) as [Image, Tensor1D, Tensor1D];
    updateMovingStatistics(mean, variance, x.size / scale.size, momentum, options);
    return y;
  });
}

function updateMovingStatistics(
  mean: Tensor1D,
  variance: Tensor1D,
  count: number,
  momentum: number,
  { movingMean, movingVariance }: BatchNormOptions,
): void {
  const averages: Variable[] = [];
  const values: Tensor[] = [];
  if (movingMean instanceof Variable) {
    averages.push(movingMean as Variable);
    values.push(mean);
  }
  if (movingVariance instanceof Variable) {
    averages.push(movingVariance as Variable);
    values.push(mul(variance, count / (count - 1)));
  }
  exponentialMovingAverageStep(averages, values, { momentum: 1 - momentum });
}

function requireFittingTensors(x: Tensor, options: BatchNormOptions): void {
  requireFloat('batchNorm', 'x', x);
  if (x.rank < 2) {
    throw backendError('INVALID_SHAPE', {
      message: 'batchNorm normalises channels over samples',
      given: x.shape,
      expected: '[N, ..., C]',
    });
  }
  const channels = x.shape[x.rank - 1] ?? 0;
  for (const name of ['scale', 'offset', 'movingMean', 'movingVariance'] as const) {
    const tensor = options[name];
    if (tensor !== undefined) requireShape('batchNorm', name, tensor, [channels]);
  }
  if (options.residual !== undefined) requireShape('batchNorm', 'residual', options.residual, x.shape);
  if (options.activation !== undefined && !['linear', 'relu'].includes(options.activation)) {
    throw backendError('INVALID_OPTION', {
      message: 'batchNorm does not know this activation',
      given: options.activation,
      expected: 'linear or relu',
    });
  }
  if (options.training) requireTrainable(x, channels, options);
}

function requireTrainable(
  x: Tensor,
  channels: number,
  { movingMean, movingVariance }: BatchNormOptions,
): void {
  if (x.size <= channels) {
    throw backendError('INVALID_SHAPE', {
      message: 'batchNorm needs more than one value per channel in training',
      given: x.shape,
      expected: 'at least two samples, or positions',
      remedy: 'Use a larger batch, and drop a last batch of one sample',
    });
  }
  for (const [name, tensor] of Object.entries({ movingMean, movingVariance })) {
    if (tensor === undefined || tensor instanceof Variable) continue;
    throw backendError('INVALID_OPTION', {
      message: `batchNorm updates ${name} in training`,
      given: 'a tensor',
      expected: 'a tf.Variable, or nothing',
      remedy: 'Make it with tf.variable(initialValue, false)',
    });
  }
}

function statisticsMissing({ movingMean, movingVariance }: BatchNormOptions): Error {
  return backendError('INVALID_OPTION', {
    message: 'batchNorm normalises with the moving statistics when it is not training',
    given: `movingMean ${movingMean ? 'given' : 'missing'}, movingVariance ${movingVariance ? 'given' : 'missing'}`,
    expected: 'both',
  });
}
