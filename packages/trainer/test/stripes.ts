import { randomStream, type RandomStream } from '@protocl/core';
import type { TrainingBatch, TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

const SIDE = 16;
const CLASSES = 4;

/** The direction of the stripes of each class, as a wave vector. */
const DIRECTIONS = [
  [0, 1],
  [1, 0],
  [0.7, 0.7],
  [0.7, -0.7],
] as const;

/** Where the stripes of an image lie, and its colour: what augmentation changes and a class does not tell. */
interface Look {
  readonly phase: number;
  readonly colour: readonly [number, number, number];
  readonly noise: Float32Array;
}

function drawLook(stream: RandomStream): Look {
  const [phase = 0, red = 0, green = 0, blue = 0] = stream.uniform(4);
  return {
    phase: phase * 2 * Math.PI,
    colour: [red * 3 - 1.5, green * 3 - 1.5, blue * 3 - 1.5],
    noise: stream.normal(SIDE * SIDE * 3),
  };
}

// Looked up once: reading a global is slow where tests run.
const { floor, sin } = Math;

function paint(pixels: Float32Array, label: number, { phase, colour, noise }: Look): void {
  const [dx, dy] = DIRECTIONS[label]!;
  for (let at = 0; at < noise.length; at++) {
    const position = floor(at / 3);
    const along = (position % SIDE) * dx + floor(position / SIDE) * dy;
    pixels[at] = sin(1.6 * along + phase) * 0.8 + colour[at % 3]! + 0.4 * noise[at]!;
  }
}

export interface StripesSource extends TrainingSource {
  readonly labels: Int32Array;
}

/** Images whose class is the direction of their stripes; a view moves the stripes and changes the colour. */
export function stripes({ size = 128, batchSize = 32, seed = 1 } = {}): StripesSource {
  // Sorted by class, as folders are.
  const labels = Int32Array.from({ length: size }, (_, index) => Math.floor((index * CLASSES) / size));
  const stepsPerEpoch = Math.floor(size / batchSize);
  const images = (indices: Int32Array, lookOf: (index: number, row: number) => Look) => {
    const pixels = new Float32Array(indices.length * SIDE * SIDE * 3);
    for (const [row, index] of indices.entries()) {
      const part = pixels.subarray(row * SIDE * SIDE * 3, (row + 1) * SIDE * SIDE * 3);
      paint(part, labels[index]!, lookOf(index, row));
    }
    return tf.tensor4d(pixels, [indices.length, SIDE, SIDE, 3]);
  };
  return {
    size,
    batchSize,
    stepsPerEpoch,
    labels,
    async *views(epoch, firstStep, given): AsyncGenerator<TrainingBatch> {
      const order = given ?? randomStream({ seed, purpose: 'shuffle', epoch }).permutation(size);
      for (let step = firstStep; step < stepsPerEpoch; step++) {
        const indices = order.slice(step * batchSize, (step + 1) * batchSize);
        // An image that comes again has other views.
        const timeOf = (index: number, row: number) =>
          order.subarray(0, step * batchSize + row).filter((other) => other === index).length;
        const view = (name: string) =>
          images(indices, (index, row) =>
            drawLook(randomStream({ seed, purpose: name, epoch, step: index + size * timeOf(index, row) })),
          );
        yield { views: [view('first view'), view('second view')], indices };
      }
    },
    async *plain() {
      for (let start = 0; start < size; start += batchSize) {
        const indices = Int32Array.from(
          { length: Math.min(batchSize, size - start) },
          (_, row) => start + row,
        );
        yield {
          images: images(indices, (index) => drawLook(randomStream({ seed, purpose: 'plain', step: index }))),
          indices,
        };
      }
    },
  };
}

/** The share of images whose nearest other image, by features, is of their class. */
export async function nearestNeighbourAccuracy(
  source: StripesSource,
  encode: (images: tf.Tensor4D) => tf.Tensor2D,
): Promise<number> {
  const parts: tf.Tensor2D[] = [];
  for await (const { images } of source.plain()) {
    parts.push(
      tf.tidy(() => {
        const features = encode(images);
        return tf.div<tf.Tensor2D>(features, tf.norm(features, 2, 1, true));
      }),
    );
    images.dispose();
  }
  const nearest = tf.tidy(() => {
    const features = tf.concat(parts);
    const similarities = tf.matMul(features, features, false, true);
    return tf.argMax(tf.sub(similarities, tf.mul(tf.eye(source.size), 2)), 1);
  });
  const indices = await nearest.data<'int32'>();
  tf.dispose([parts, nearest]);
  return (
    indices.filter((neighbour, index) => source.labels[neighbour] === source.labels[index]).length /
    source.size
  );
}
