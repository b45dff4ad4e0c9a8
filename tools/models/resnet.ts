import { batchNorm } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

/** Which residual network to build; all of them are made for small images (32 px). */
export interface ResNetOptions {
  /**
   * 8 and 14 have three stages of one and two basic blocks (He et al., CVPR 2016, section 4.2);
   * 18 has four stages of two, as the ImageNet network of that depth.
   */
  readonly depth: 8 | 14 | 18;
  /** Channels of the stem and the first stage, doubled by every further stage; 64 by default. */
  readonly width?: number;
  /** Length of the logits; 10 by default. */
  readonly classes?: number;
  /** Seed of the initial weights. */
  readonly seed: number;
}

/** A network and its state. Names are those that torchvision gives the same parameters. */
export interface ResNet {
  /**
   * What the optimizer changes, in the order of the layers: convolution weights are HWIO
   * [kernel, kernel, in, out], the last layer's weight is [in, classes], all others are vectors.
   */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /** Running mean and variance of every batch norm, changed by a forward pass with `training`. */
  readonly statistics: Readonly<Record<string, tf.Variable>>;
  /** Trainable scalars. */
  readonly parameterCount: number;
  /**
   * Logits [N, classes] of float32 images [N, H, W, 3]; the caller disposes them. With `training`,
   * batch norm uses the statistics of the batch.
   */
  forward(images: tf.Tensor4D, options: { readonly training: boolean }): tf.Tensor2D;
  /** Frees all variables and statistics. */
  dispose(): void;
}

const STAGE_BLOCKS = { 8: [1, 1, 1], 14: [2, 2, 2], 18: [2, 2, 2, 2] } as const;

/**
 * Builds a residual network for small images: a 3x3 stem without pooling, basic blocks, global
 * average pooling and one linear layer. `{ depth: 18 }` is the CIFAR ResNet-18 of 11,173,962
 * parameters that contrastive learning is benchmarked with.
 *
 * Padding is one pixel on every side for all 3x3 convolutions, as in PyTorch; TensorFlow's `same`
 * would pad those of stride 2 on two sides only. Initial weights are torchvision's: convolutions
 * normal with variance 2 / fan-out, the linear layer uniform within 1 / √fan-in.
 *
 * Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @returns a network whose variables live on the active backend until its `dispose`
 */
export function createResNet({ depth, width = 64, classes = 10, seed }: ResNetOptions): ResNet {
  const parameters = new Parameters(seed);
  const stem = normalized(
    convolution(parameters, 'conv1', 3, width, 3, 1),
    normalization(parameters, 'bn1', width),
  );
  const blocks: Block[] = [];
  let channels = width;
  for (const [stage, count] of STAGE_BLOCKS[depth].entries()) {
    const wide = width * 2 ** stage;
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      blocks.push(basicBlock(parameters, `layer${stage + 1}.${index}`, channels, wide, stride));
      channels = wide;
    }
  }
  const classify = linear(parameters, 'fc', channels, classes);

  return {
    variables: parameters.variables,
    statistics: parameters.statistics,
    parameterCount: Object.values(parameters.variables).reduce((sum, { size }) => sum + size, 0),
    forward: (images, { training }) =>
      tf.tidy(() => {
        let x = stem(images, { training, activation: 'relu' });
        for (const block of blocks) {
          const before = x;
          x = tf.tidy(() => block(before, training));
          // What the gradient needs the tape keeps; the rest goes now, and its memory serves the next block.
          before.dispose();
        }
        return classify(tf.mean<tf.Tensor2D>(x, [1, 2]));
      }),
    dispose: () => {
      tf.dispose([parameters.variables, parameters.statistics]);
    },
  };
}

type Layer = (x: tf.Tensor4D) => tf.Tensor4D;
type Normalization = (
  x: tf.Tensor4D,
  options: { training: boolean; activation?: 'relu'; residual?: tf.Tensor4D },
) => tf.Tensor4D;
type Block = (x: tf.Tensor4D, training: boolean) => tf.Tensor4D;

/** Two 3x3 convolutions around which the input is carried, projected where the shape changes. */
function basicBlock(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  stride: number,
): Block {
  const first = normalized(
    convolution(parameters, `${name}.conv1`, inputs, outputs, 3, stride),
    normalization(parameters, `${name}.bn1`, outputs),
  );
  const second = normalized(
    convolution(parameters, `${name}.conv2`, outputs, outputs, 3, 1),
    normalization(parameters, `${name}.bn2`, outputs),
  );
  const project =
    stride === 1 && inputs === outputs
      ? (x: tf.Tensor4D) => x
      : projection(parameters, `${name}.downsample`, inputs, outputs, stride);
  return (x, training) => {
    const hidden = first(x, { training, activation: 'relu' });
    const residual = project(x, training);
    return second(hidden, { training, residual, activation: 'relu' });
  };
}

function projection(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  stride: number,
): Block {
  const project = normalized(
    convolution(parameters, `${name}.0`, inputs, outputs, 1, stride),
    normalization(parameters, `${name}.1`, outputs),
  );
  return (x, training) => project(x, { training });
}

/** A convolution and its batch norm, of which only the result stays. */
function normalized(convolve: Layer, norm: Normalization): Normalization {
  return (x, options) => tf.tidy(() => norm(convolve(x), options));
}

function convolution(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
): Layer {
  const shape = [kernel, kernel, inputs, outputs];
  const deviation = Math.sqrt(2 / (kernel * kernel * outputs));
  const weight = parameters.trainable<tf.Rank.R4>(`${name}.weight`, shape, (random, size) =>
    random.normal(size).map((value) => value * deviation),
  );
  return (x) => tf.conv2d(x, weight, stride, (kernel - 1) / 2);
}

function normalization(parameters: Parameters, name: string, channels: number): Normalization {
  const scale = parameters.trainable<tf.Rank.R1>(`${name}.weight`, [channels], filled(1));
  const offset = parameters.trainable<tf.Rank.R1>(`${name}.bias`, [channels], filled(0));
  const movingMean = parameters.statistic(`${name}.running_mean`, channels, 0);
  const movingVariance = parameters.statistic(`${name}.running_var`, channels, 1);
  return (x, options) =>
    batchNorm(x, { scale, offset, movingMean, movingVariance, ...options });
}

function linear(parameters: Parameters, name: string, inputs: number, outputs: number) {
  const uniform: Initializer = (random, size) =>
    random.uniform(size).map((value) => (2 * value - 1) / Math.sqrt(inputs));
  const weight = parameters.trainable<tf.Rank.R2>(`${name}.weight`, [inputs, outputs], uniform);
  const bias = parameters.trainable<tf.Rank.R1>(`${name}.bias`, [outputs], uniform);
  return (x: tf.Tensor2D): tf.Tensor2D => tf.add(tf.matMul(x, weight), bias);
}

type Initializer = (random: ReturnType<typeof randomStream>, size: number) => Float32Array;

const filled =
  (value: number): Initializer =>
  (_random, size) =>
    new Float32Array(size).fill(value);

/** Collects the variables of a network while it is built. */
class Parameters {
  readonly variables: Record<string, tf.Variable> = {};
  readonly statistics: Record<string, tf.Variable> = {};

  constructor(private readonly seed: number) {}

  trainable<R extends tf.Rank>(name: string, shape: number[], initialize: Initializer): tf.Variable<R> {
    // A stream for each name, so that a change of one layer leaves the others' weights alone.
    const random = randomStream({ seed: this.seed, purpose: `initialize ${name}` });
    const size = shape.reduce((product, length) => product * length, 1);
    const variable = toVariable(initialize(random, size), shape, true);
    this.variables[name] = variable;
    return variable as tf.Variable<R>;
  }

  statistic(name: string, channels: number, value: number): tf.Variable<tf.Rank.R1> {
    const values = new Float32Array(channels).fill(value);
    const variable = toVariable(values, [channels], false);
    this.statistics[name] = variable;
    return variable as tf.Variable<tf.Rank.R1>;
  }
}

function toVariable(values: Float32Array, shape: number[], trainable: boolean): tf.Variable {
  const initial = tf.tensor(values, shape);
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  return variable;
}
