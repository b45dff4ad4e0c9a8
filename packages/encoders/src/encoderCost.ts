import type { EncoderOptions, HeadOptions } from './encoder.js';
import { resolveOptions } from './resolveOptions.js';
import { blockShapes, featureSizeOf, stemShape, type ConvolutionShape } from './resnet/blockShapes.js';

/** What an encoder takes, in float32 values. */
export interface EncoderCost {
  /** Trainable scalars. */
  readonly parameters: number;
  /** Running means and variances. */
  readonly statistics: number;
  /** Length of the backbone's features. */
  readonly featureSize: number;
  /** Length of the output. */
  readonly outputSize: number;
  /** What the gradient needs of the forward pass of one image: of each convolution what it has put out, and the same normalised. */
  readonly activations: number;
  /** What the largest of these convolutions has put out, which any forward pass needs. */
  readonly widest: number;
}

/**
 * What an encoder would take, by its options alone: nothing is made.
 *
 * @param imageSize height and width of the images that it is given
 * @throws EncoderError `INVALID_OPTION`
 */
export function encoderCost(options: Omit<EncoderOptions, 'seed'>, imageSize: number): EncoderCost {
  const { architecture, head, ...beginning } = resolveOptions({ ...options, seed: 0 });
  const blocks = blockShapes(architecture, beginning.width);
  const featureSize = featureSizeOf(architecture, beginning.width);
  const stem = stemShape(beginning);
  const convolutions = [
    stem,
    ...blocks.flatMap(({ layers, project }) => (project ? [...layers, project] : layers)),
  ];
  const norms = sum(convolutions, ({ outputs }) => 2 * outputs);
  let side = Math.ceil(imageSize / stem.stride);
  const outputs = [stem.outputs * side ** 2];
  if (beginning.stem === 'imagenet') side = Math.ceil(side / 2);
  for (const { layers, project } of blocks) {
    const before = side;
    for (const layer of layers) {
      side = Math.ceil(side / layer.stride);
      outputs.push(layer.outputs * side ** 2);
    }
    if (project) outputs.push(project.outputs * Math.ceil(before / project.stride) ** 2);
  }
  return {
    parameters: sum(convolutions, weightsOf) + norms + headParameters(head, featureSize),
    statistics: norms,
    featureSize,
    outputSize: head.kind === 'none' ? featureSize : head.dimension,
    activations: 2 * sum(outputs, (values) => values),
    widest: Math.max(...outputs),
  };
}

function weightsOf({ kernel, inputs, outputs }: ConvolutionShape): number {
  return kernel ** 2 * inputs * outputs;
}

function headParameters(head: Required<HeadOptions>, featureSize: number): number {
  if (head.kind === 'none') return 0;
  const hidden = head.kind === 'mlp' ? (featureSize + 1) * featureSize : 0;
  return hidden + (featureSize + 1) * head.dimension;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
