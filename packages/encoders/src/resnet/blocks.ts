import type * as tf from '@tensorflow/tfjs-core';

import { normalizedConvolution, type NormalizedConvolution } from './layers.js';
import type { Parameters } from './parameters.js';

/** A part of the backbone; its input stays the caller's. */
export type Block = (x: tf.Tensor4D, training: boolean) => tf.Tensor4D;

/** What a residual block is called, and its size. */
export interface BlockShape {
  readonly name: string;
  readonly inputs: number;
  /** Channels within the block; those of its output are {@link EXPANSION} times as many. */
  readonly channels: number;
  readonly stride: number;
}

/** Channels of a block's output for each of its channels within. */
export const EXPANSION = { basic: 1, bottleneck: 4 } as const;

/** Two 3x3 convolutions around which the input is carried. */
export function basicBlock(parameters: Parameters, shape: BlockShape): Block {
  const { name, inputs, channels, stride } = shape;
  const layer = layerOf(parameters, name);
  const layers = [layer(1, inputs, channels, 3, stride), layer(2, channels, channels, 3, 1)];
  return residualBlock(layers, shortcut(parameters, shape, channels));
}

/**
 * A 3x3 convolution between two of 1x1, around which the input is carried. The stride is the 3x3
 * convolution's, as in torchvision; in the paper it is the first one's.
 */
export function bottleneckBlock(parameters: Parameters, shape: BlockShape): Block {
  const { name, inputs, channels, stride } = shape;
  const outputs = channels * EXPANSION.bottleneck;
  const layer = layerOf(parameters, name);
  const layers = [
    layer(1, inputs, channels, 1, 1),
    layer(2, channels, channels, 3, stride),
    layer(3, channels, outputs, 1, 1),
  ];
  return residualBlock(layers, shortcut(parameters, shape, outputs));
}

function layerOf(parameters: Parameters, block: string) {
  return (position: number, inputs: number, outputs: number, kernel: number, stride: number) => {
    const [name, normName] = [`${block}.conv${position}`, `${block}.bn${position}`];
    return normalizedConvolution(parameters, { name, normName, inputs, outputs, kernel, stride });
  };
}

/** Carries the input around a block: as it is, or projected where the shape changes. */
function shortcut(
  parameters: Parameters,
  { name, inputs, stride }: BlockShape,
  outputs: number,
): NormalizedConvolution | undefined {
  if (stride === 1 && inputs === outputs) return undefined;
  return normalizedConvolution(parameters, {
    name: `${name}.downsample.0`,
    normName: `${name}.downsample.1`,
    inputs,
    outputs,
    kernel: 1,
    stride,
  });
}

function residualBlock(layers: readonly NormalizedConvolution[], project?: NormalizedConvolution): Block {
  const last = layers.at(-1)!;
  return (x, training) => {
    let hidden = x;
    for (const layer of layers.slice(0, -1)) {
      const before = hidden;
      hidden = layer(before, { training, activation: 'relu' });
      if (before !== x) before.dispose();
    }
    const residual = project?.(x, { training }) ?? x;
    const y = last(hidden, { training, residual, activation: 'relu' });
    hidden.dispose();
    if (residual !== x) residual.dispose();
    return y;
  };
}
