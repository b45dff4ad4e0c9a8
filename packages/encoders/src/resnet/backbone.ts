import * as tf from '@tensorflow/tfjs-core';

import { STAGES, type Architecture, type EncoderInput, type Stem } from './architectures.js';
import { basicBlock, bottleneckBlock, EXPANSION, type Block } from './blocks.js';
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
  const { width } = beginning;
  const begin = createStem(parameters, beginning);
  const { block, counts } = STAGES[architecture];
  const createBlock = block === 'basic' ? basicBlock : bottleneckBlock;
  const blocks: Block[] = [];
  let inputs = width;
  for (const [stage, count] of counts.entries()) {
    const channels = width * 2 ** stage;
    for (let index = 0; index < count; index++) {
      const name = `layer${stage + 1}.${index}`;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      blocks.push(createBlock(parameters, { name, inputs, channels, stride }));
      inputs = channels * EXPANSION[block];
    }
  }
  return {
    featureSize: inputs,
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

interface StemShape {
  readonly stem: Stem;
  readonly input: EncoderInput;
  readonly width: number;
}

function createStem(parameters: Parameters, { input, ...shape }: StemShape): Block {
  const begin = createConvolutions(parameters, { ...shape, channels: input === 'rgb' ? 3 : 2 });
  if (input === 'rgb') return begin;
  return (images, training) => tf.tidy(() => begin(sobelEdges(images), training));
}

function createConvolutions(
  parameters: Parameters,
  { stem, width, channels }: Omit<StemShape, 'input'> & { readonly channels: number },
): Block {
  const [kernel, stride] = stem === 'small' ? [3, 1] : [7, 2];
  const shape = { name: 'conv1', normName: 'bn1', inputs: channels, outputs: width, kernel, stride };
  const convolve = normalizedConvolution(parameters, shape);
  if (stem === 'small') return (images, training) => convolve(images, { training, activation: 'relu' });
  return (images, training) =>
    tf.tidy(() => tf.maxPool(convolve(images, { training, activation: 'relu' }), 3, 2, 1));
}
