import { requireKnownOptions } from '@protocl/core/options';
import { requireMemory } from '@protocl/core/memory';
import * as tf from '@tensorflow/tfjs-core';

import type { Encoder, EncoderOptions, ResolvedEncoderOptions } from './encoder.js';
import { encoderCost } from './encoderCost.js';
import { encoderError } from './errors.js';
import { createBackbone } from './resnet/backbone.js';
import { createHead } from './resnet/head.js';
import { Parameters } from './resnet/parameters.js';
import { resolveOptions } from './resolveOptions.js';
import { assignWeights, readWeights } from './weights.js';

/**
 * Builds a residual network with a projection head, and draws torchvision's initial weights from the
 * seed. `{ architecture: 'resnet18', head: { kind: 'linear', dimension: 10 }, seed }` is the CIFAR
 * ResNet-18 of 11,173,962 parameters that contrastive learning is benchmarked with.
 *
 * Activations are freed as the forward pass goes; what the gradient needs stays until it has been used.
 *
 * @returns an encoder whose variables live on the active backend until its `dispose`
 * @throws EncoderError `INVALID_OPTION`; ProtoclError `INSUFFICIENT_MEMORY` if there is none for the weights
 * @see He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016
 */
export function createEncoder(options: EncoderOptions): Encoder {
  const resolved = resolveOptions(options);
  requireWeightsFit(resolved);
  const parameters = new Parameters(resolved.seed);
  const backbone = createBackbone(parameters, resolved);
  const head = createHead(parameters, resolved.head, backbone.featureSize);
  const { variables, statistics } = parameters;
  const weights = { ...variables, ...statistics };

  return {
    options: resolved,
    variables,
    statistics,
    featureSize: backbone.featureSize,
    outputSize: head.outputSize,
    parameterCount: Object.values(variables).reduce((sum, { size }) => sum + size, 0),
    features(images, mode) {
      requireKnownOptions('features', mode, { training: true });
      requireImages(images);
      return backbone.run(images, mode.training);
    },
    forward(images, mode) {
      requireKnownOptions('forward', mode, { training: true });
      requireImages(images);
      const { training } = mode;
      return tf.tidy(() => head.run(backbone.run(images, training)));
    },
    async toState() {
      return { tensors: await readWeights(weights) };
    },
    fromState({ tensors }) {
      assignWeights(weights, tensors);
    },
    dispose() {
      tf.dispose(weights);
    },
  };
}

/** Drawing more weights than there is memory for takes minutes before it fails, or the system ends the process. */
function requireWeightsFit(options: ResolvedEncoderOptions): void {
  const { parameters, statistics } = encoderCost(options, 1);
  const settings = options.head.kind === 'none' ? ['width'] : ['width', 'head.dimension'];
  const what = `weights of ${parameters.toPrecision(3)} parameters`;
  requireMemory('this encoder', [{ what, bytes: 4 * (parameters + statistics), settings }]);
}

function requireImages({ shape, dtype }: tf.Tensor): void {
  const isBatch = shape.length === 4 && shape[3] === 3 && shape.every((length) => length > 0);
  if (isBatch && dtype === 'float32') return;
  throw encoderError('INVALID_IMAGES', {
    message: 'an encoder cannot take these images',
    given: `${dtype} [${shape.join(', ')}]`,
    expected: 'float32 [N, H, W, 3], none of them 0',
    remedy: 'Normalise the images to float32, and repeat the channel of gray ones three times',
  });
}
