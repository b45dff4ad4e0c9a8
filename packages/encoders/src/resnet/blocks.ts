import type * as tf from '@tensorflow/tfjs-core';

import type { BlockShape } from './blockShapes.js';
import { normalizedConvolution } from './layers.js';
import type { Parameters } from './parameters.js';

/** A part of the backbone; its input stays the caller's. */
export type Block = (x: tf.Tensor4D, training: boolean) => tf.Tensor4D;

/** Convolutions around which the input is carried, as it is or projected. */
export function residualBlock(
  parameters: Parameters,
  { layers: shapes, project: shortcut }: BlockShape,
): Block {
  const layers = shapes.map((shape) => normalizedConvolution(parameters, shape));
  const project = shortcut && normalizedConvolution(parameters, shortcut);
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
