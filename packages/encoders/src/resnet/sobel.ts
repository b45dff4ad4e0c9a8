import * as tf from '@tensorflow/tfjs-core';

/** Differences from left to right and from top to bottom, [2][3][3]. */
const FILTERS = [
  [
    [1, 0, -1],
    [2, 0, -2],
    [1, 0, -1],
  ],
  [
    [1, 2, 1],
    [0, 0, 0],
    [-1, -2, -1],
  ],
];

const CHANNELS = 3;

/**
 * The edges of the mean of all channels, without colour: what DeepCluster's networks look at in place of images.
 *
 * @param images float32 [N, H, W, 3]
 * @returns float32 [N, H, W, 2], zeros being seen beyond the border; the caller disposes it
 * @see Caron, Bojanowski, Joulin and Douze, Deep Clustering, ECCV 2018, and the code published with it
 */
export function sobelEdges(images: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    // HWIO: each channel counts a third.
    const kernel = tf.tensor4d(
      [0, 1, 2].map((y) =>
        [0, 1, 2].map((x) =>
          Array.from({ length: CHANNELS }, () => FILTERS.map((filter) => filter[y]![x]! / CHANNELS)),
        ),
      ),
    );
    return tf.conv2d(images, kernel, 1, 'same');
  });
}
