import * as tf from '@tensorflow/tfjs-core';

/** Values of the images that are worked on at a time: enough for any engine, and few enough to fit its memory. */
const CHUNK_VALUES = 2 ** 21;

/**
 * Applies a function to a batch in parts, so that what it makes on the way stays bounded.
 *
 * @param images [N, H, W, 3]
 * @param valuesPerImage of an image while it is worked on
 * @param change given some of the images and the place of the first; its result is disposed where it is joined
 */
export function inChunks(
  images: tf.Tensor4D,
  valuesPerImage: number,
  change: (images: tf.Tensor4D, first: number) => tf.Tensor4D,
): tf.Tensor4D {
  const [n] = images.shape;
  const perChunk = Math.max(1, Math.floor(CHUNK_VALUES / valuesPerImage));
  if (n <= perChunk) return change(images, 0);
  const parts: tf.Tensor4D[] = [];
  for (let first = 0; first < n; first += perChunk) {
    const part = tf.slice(images, first, Math.min(perChunk, n - first));
    parts.push(change(part, first));
    part.dispose();
  }
  const whole = tf.concat(parts, 0);
  tf.dispose(parts);
  return whole;
}
