import { batchNorm, type BatchNormOptions } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import type { ConvolutionShape } from './blockShapes.js';
import type { Initializer, Parameters } from './parameters.js';

/** A convolution and its batch norm; the residual is added before the activation. */
export type NormalizedConvolution = (
  x: tf.Tensor4D,
  options: Pick<BatchNormOptions, 'training' | 'activation' | 'residual'>,
) => tf.Tensor4D;

/**
 * A convolution without bias and the batch norm that follows. Half the kernel is padded on every side, as
 * in PyTorch; TensorFlow's `same` would pad a convolution of stride 2 on two sides only.
 *
 * Initial weights are torchvision's: normal with variance 2 / fan-out (He et al., "Delving Deep into
 * Rectifiers", ICCV 2015, equation 14); scale 1, offset 0.
 */
export function normalizedConvolution(
  parameters: Parameters,
  { name, normName, inputs, outputs, kernel, stride }: ConvolutionShape,
): NormalizedConvolution {
  const deviation = Math.sqrt(2 / (kernel * kernel * outputs));
  const weight = parameters.trainable<tf.Rank.R4>(
    `${name}.weight`,
    [kernel, kernel, inputs, outputs],
    (random, size) => random.normal(size).map((value) => value * deviation),
  );
  const norm = {
    scale: parameters.trainable<tf.Rank.R1>(`${normName}.weight`, [outputs], filledWith(1)),
    offset: parameters.trainable<tf.Rank.R1>(`${normName}.bias`, [outputs], filledWith(0)),
    movingMean: parameters.statistic(`${normName}.running_mean`, outputs, 0),
    movingVariance: parameters.statistic(`${normName}.running_var`, outputs, 1),
  };
  // Of the two results only the last one stays.
  return (x, options) =>
    tf.tidy(() => {
      const convolved = tf.conv2d(x, weight, stride, (kernel - 1) / 2);
      return batchNorm(convolved, { ...norm, ...options });
    });
}

/** A linear layer; its weight and bias begin uniform within 1 / √fan-in, as in PyTorch. */
export function linear(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
): (x: tf.Tensor2D) => tf.Tensor2D {
  const bound = 1 / Math.sqrt(inputs);
  const uniform: Initializer = (random, size) => random.uniform(size).map((value) => (2 * value - 1) * bound);
  const weight = parameters.trainable<tf.Rank.R2>(`${name}.weight`, [inputs, outputs], uniform);
  const bias = parameters.trainable<tf.Rank.R1>(`${name}.bias`, [outputs], uniform);
  return (x) => tf.add(tf.matMul(x, weight), bias);
}

function filledWith(value: number): Initializer {
  return (_random, size) => new Float32Array(size).fill(value);
}
