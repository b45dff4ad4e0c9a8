import type * as tf from '@tensorflow/tfjs-core';

import type { Architecture, EncoderInput, Stem } from './resnet/architectures.js';
import type { State } from './state.js';

/** What follows the backbone. */
export type HeadOptions =
  | {
      /**
       * `linear`: one layer `fc`. `mlp`: `fc.0`, ReLU, `fc.2`, the first as wide as the features (MoCo v2,
       * SimCLR, PCL v2).
       */
      readonly kind: 'linear' | 'mlp';
      /** Length of the output; 128 by default. */
      readonly dimension?: number;
    }
  | {
      /** The output is the features. */
      readonly kind: 'none';
    };

/** Which encoder to build. */
export interface EncoderOptions {
  /**
   * `resnet18`, `resnet34` and `resnet50` are torchvision's. `resnet8` and `resnet14`, for laptops, have
   * three stages of one and two basic blocks (He et al., CVPR 2016, section 4.2).
   */
  readonly architecture: Architecture;
  /**
   * `small`, for images of 32 px: a 3x3 convolution. `imagenet`, for 224 px: a 7x7 convolution of stride 2
   * and a 3x3 max pool of stride 2. `small` by default.
   */
  readonly stem?: Stem;
  /**
   * What the stem is given: `rgb`, the images; or `sobel`, their edges in two channels, without colour, as
   * DeepCluster's networks are. `rgb` by default.
   */
  readonly input?: EncoderInput;
  /** Channels of the stem; all layers scale with it. 64, the published networks, by default. */
  readonly width?: number;
  /** Linear with 128 outputs by default. */
  readonly head?: HeadOptions;
  /** Seed of the initial weights: an integer from 0. */
  readonly seed: number;
}

/** The options of an encoder with all defaults filled in. */
export interface ResolvedEncoderOptions extends Required<Omit<EncoderOptions, 'head'>> {
  readonly head: Required<HeadOptions>;
}

/** Whether batch norm uses the batch's statistics, and moves the running ones towards them. */
export interface ForwardOptions {
  readonly training: boolean;
}

/**
 * A network that turns images into vectors. Names of variables and statistics are those that
 * torchvision gives the same parameters.
 */
export interface Encoder {
  readonly options: ResolvedEncoderOptions;
  /**
   * What an optimizer changes, in the order of the layers, on the active backend: convolution weights are
   * HWIO [kernel, kernel, in, out], weights of linear layers [in, out], all others vectors.
   */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /** Running mean and variance of every batch norm, such as `bn1.running_mean`. */
  readonly statistics: Readonly<Record<string, tf.Variable>>;
  /** Length of the backbone's features. */
  readonly featureSize: number;
  /** Length of the head's output; the features' where there is no head. */
  readonly outputSize: number;
  /** Trainable scalars. */
  readonly parameterCount: number;
  /**
   * The backbone's output after global average pooling, float32 [N, featureSize]; the caller disposes it.
   *
   * @param images float32 [N, H, W, 3], normalised as in training
   * @throws EncoderError `INVALID_IMAGES`
   */
  features(images: tf.Tensor4D, options: ForwardOptions): tf.Tensor2D;
  /**
   * The head's output, not normalised, float32 [N, outputSize]; the caller disposes it.
   *
   * @param images float32 [N, H, W, 3], normalised as in training
   * @throws EncoderError `INVALID_IMAGES`
   */
  forward(images: tf.Tensor4D, options: ForwardOptions): tf.Tensor2D;
  /**
   * All variables and statistics as they are at the call, in PyTorch's layouts: convolution weights OIHW
   * [out, in, kernel, kernel], weights of linear layers [out, in].
   */
  toState(): Promise<State>;
  /**
   * Takes over what {@link Encoder.toState} gave, bit for bit.
   *
   * @throws EncoderError `WEIGHTS_MISMATCH` if names or shapes differ; the encoder then stays as it was
   */
  fromState(state: State): void;
  /** Frees all variables and statistics. */
  dispose(): void;
}
