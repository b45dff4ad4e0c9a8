import { STAGES, type Architecture, type EncoderInput, type Stages, type Stem } from './architectures.js';

/** A convolution without bias, and the batch norm that follows it: what they are called, and their size. */
export interface ConvolutionShape {
  readonly name: string;
  /** Of the batch norm. */
  readonly normName: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the kernel, an odd number. */
  readonly kernel: number;
  readonly stride: number;
}

/** What the stem is made by. */
export interface StemShape {
  readonly stem: Stem;
  readonly input: EncoderInput;
  readonly width: number;
}

/** A residual block: the convolutions one after the other, and that which projects what is carried around them. */
export interface BlockShape {
  readonly layers: readonly ConvolutionShape[];
  /** Undefined where the input is carried around as it is. */
  readonly project: ConvolutionShape | undefined;
}

/** Channels of a block's output for each of its channels within. */
const EXPANSION = { basic: 1, bottleneck: 4 } as const;

/** The convolution that a network begins with; the `imagenet` stem has a max pool of stride 2 after it. */
export function stemShape({ stem, input, width }: StemShape): ConvolutionShape {
  const [kernel, stride] = stem === 'small' ? [3, 1] : [7, 2];
  const inputs = input === 'rgb' ? 3 : 2;
  return { name: 'conv1', normName: 'bn1', inputs, outputs: width, kernel, stride };
}

/** The blocks of all stages, in order. */
export function blockShapes(architecture: Architecture, width: number): BlockShape[] {
  const { block, counts } = STAGES[architecture];
  const blocks: BlockShape[] = [];
  let inputs = width;
  for (const [stage, count] of counts.entries()) {
    const channels = width * 2 ** stage;
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      blocks.push(blockShape(block, { name: `layer${stage + 1}.${index}`, inputs, channels, stride }));
      inputs = channels * EXPANSION[block];
    }
  }
  return blocks;
}

/** Length of a network's features. */
export function featureSizeOf(architecture: Architecture, width: number): number {
  const { block, counts } = STAGES[architecture];
  return width * 2 ** (counts.length - 1) * EXPANSION[block];
}

interface BlockSize {
  readonly name: string;
  readonly inputs: number;
  /** Channels within the block. */
  readonly channels: number;
  readonly stride: number;
}

/**
 * Two 3x3 convolutions; or a 3x3 convolution between two of 1x1, with the stride in the 3x3 convolution, as in
 * torchvision, where in the paper it is the first one's. The input is projected where the shape changes.
 */
function blockShape(block: Stages['block'], { name, inputs, channels, stride }: BlockSize): BlockShape {
  const outputs = channels * EXPANSION[block];
  const layer = (position: number, from: number, to: number, kernel: number, step: number) => ({
    name: `${name}.conv${position}`,
    normName: `${name}.bn${position}`,
    ...{ inputs: from, outputs: to, kernel, stride: step },
  });
  const layers =
    block === 'basic'
      ? [layer(1, inputs, channels, 3, stride), layer(2, channels, channels, 3, 1)]
      : [
          layer(1, inputs, channels, 1, 1),
          layer(2, channels, channels, 3, stride),
          layer(3, channels, outputs, 1, 1),
        ];
  const changes = stride !== 1 || inputs !== outputs;
  const [project, projectNorm] = [`${name}.downsample.0`, `${name}.downsample.1`];
  return {
    layers,
    project: changes
      ? { name: project, normName: projectNorm, inputs, outputs, kernel: 1, stride }
      : undefined,
  };
}
