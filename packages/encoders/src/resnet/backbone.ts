import * as tf from '@tensorflow/tfjs-core';

import type { Architecture } from './architectures.js';
import { residualBlock, type Block } from './blocks.js';
import { blockShapes, featureSizeOf, stemShape, type StemShape } from './blockShapes.js';
import { normalizedConvolution } from './layers.js';
import type { Parameters } from './parameters.js';
import { sobelEdges } from './sobel.js';

/** The convolutional part of a network. */
export interface Backbone {
  readonly featureSize: number;
  /** Features [N, featureSize] of images [N, H, W, 3], averaged over all positions; the caller disposes them. */
  readonly run: (images: tf.Tensor4D, training: boolean) => tf.Tensor2D;
}

/** Builds the stem and the stages of a network. */
export function createBackbone(
  parameters: Parameters,
  { architecture, ...beginning }: { architecture: Architecture } & StemShape,
): Backbone {
  const begin = createStem(parameters, beginning);
  const shapes = blockShapes(architecture, beginning.width);
  const blocks = shapes.map((shape) => residualBlock(parameters, shape));
  return {
    featureSize: featureSizeOf(architecture, beginning.width),
    run: (images, training) =>
      tf.tidy(() => {
        let x = begin(images, training);
        for (const block of blocks) {
          const before = x;
          x = block(before, training);
          // What the gradient needs the tape keeps; the rest goes now, and its memory serves the next block.
          before.dispose();
        }
        return tf.mean<tf.Tensor2D>(x, [1, 2]);
      }),
  };
}

function createStem(parameters: Parameters, shape: StemShape): Block {
  const begin = createConvolution(parameters, shape);
  if (shape.input === 'rgb') return begin;
  return (images, training) => tf.tidy(() => begin(sobelEdges(images), training));
}

function createConvolution(parameters: Parameters, shape: StemShape): Block {
  const convolve = normalizedConvolution(parameters, stemShape(shape));
  if (shape.stem === 'small') return (images, training) => convolve(images, { training, activation: 'relu' });
  return (images, training) =>
    tf.tidy(() => tf.maxPool(convolve(images, { training, activation: 'relu' }), 3, 2, 1));
}
