import { randomStream } from '@protocl/core';
import type { DisposableEncoder, LabelledBatch } from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

/** Images of 2 x 2 pixels: two tell the class, two are noise that is stronger. */
export interface ToyImages {
  readonly pixels: readonly (readonly number[])[];
  readonly labels: Int32Array;
}

export const CLASSES = 3;
/** What the first two pixels of each class are around. */
const CENTRES = [
  [1, 0],
  [-0.5, 0.87],
  [-0.5, -0.87],
];

export function toyImages(count: number, seed: number): ToyImages {
  const noise = randomStream({ seed, purpose: 'toy' }).normal(4 * count);
  const labels = Int32Array.from({ length: count }, (_, index) => index % CLASSES);
  const pixels = [...labels].map((label, index) => {
    const [a, b, c, d] = noise.subarray(4 * index, 4 * index + 4);
    return [CENTRES[label]![0]! + 0.1 * a!, CENTRES[label]![1]! + 0.1 * b!, 1.5 * c!, 1.5 * d!];
  });
  return { pixels, labels };
}

/** Batches of some of the images, in an order of the epoch. */
export async function* toyBatches(
  { pixels, labels }: ToyImages,
  {
    indices = labels.map((_, index) => index),
    epoch = 0,
    batchSize = 8,
  }: { readonly indices?: Int32Array; readonly epoch?: number; readonly batchSize?: number } = {},
): AsyncGenerator<LabelledBatch> {
  const order = randomStream({ seed: 1, purpose: 'order', epoch }).permutation(indices.length);
  for (let start = 0; start < order.length; start += batchSize) {
    const some = order.slice(start, start + batchSize).map((place) => indices[place]!);
    yield {
      images: tf.tensor4d(
        [...some].flatMap((index) => pixels[index]!),
        [some.length, 2, 2, 1],
      ),
      labels: some.map((index) => labels[index]!),
    };
  }
}

/** Its weights at first look at the noise alone. */
export const BLIND = [
  [0, 0],
  [0, 0],
  [0.3, 0],
  [0, 0.3],
];

/** One linear layer from four pixels to two features. */
export function toyEncoder(initial: readonly (readonly number[])[] = BLIND) {
  const weight = tf.tidy(() => tf.variable(tf.tensor2d(initial.map((row) => [...row]))));
  const modes: boolean[] = [];
  return {
    variables: { weight },
    /** Whether each call was in training mode. */
    modes,
    forward(images: tf.Tensor4D, { training }: { readonly training: boolean }) {
      modes.push(training);
      return tf.tidy(() => tf.matMul(tf.reshape(images, [-1, 4]), weight as unknown as tf.Tensor2D));
    },
    dispose: () => weight.dispose(),
  } satisfies DisposableEncoder & { readonly modes: boolean[] };
}
