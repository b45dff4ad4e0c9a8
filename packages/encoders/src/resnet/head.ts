import * as tf from '@tensorflow/tfjs-core';

import type { HeadOptions } from '../encoder.js';
import { linear } from './layers.js';
import type { Parameters } from './parameters.js';

/** What follows the backbone. */
export interface Head {
  readonly outputSize: number;
  /** Output [N, outputSize] of features [N, featureSize]: the features themselves where there is no head. */
  readonly run: (features: tf.Tensor2D) => tf.Tensor2D;
}

/** How the names of all heads' parameters begin. */
export const HEAD_PREFIX = 'fc.';

/** Builds a projection head, named as MoCo and PCL name theirs. */
export function createHead(parameters: Parameters, head: Required<HeadOptions>, featureSize: number): Head {
  switch (head.kind) {
    case 'none':
      return { outputSize: featureSize, run: (features) => features };
    case 'linear':
      return { outputSize: head.dimension, run: linear(parameters, 'fc', featureSize, head.dimension) };
    case 'mlp': {
      const hidden = linear(parameters, 'fc.0', featureSize, featureSize);
      const output = linear(parameters, 'fc.2', featureSize, head.dimension);
      return { outputSize: head.dimension, run: (features) => output(tf.relu(hidden(features))) };
    }
    default:
      return head satisfies never;
  }
}
