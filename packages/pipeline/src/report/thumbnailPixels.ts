import { parseRecipe, type AugmentationRecipe } from '@protocl/augment';
import * as tf from '@tensorflow/tfjs-core';

import type { LabelledImages } from '../data/runData.js';

/** Images as an evaluation sees them, for people. */
export interface SeenImages {
  /** uint8 [n, H, W, 3]. */
  readonly pixels: Uint8Array;
  readonly shape: readonly [number, number, number, 3];
}

/**
 * The images that an evaluation sees, in its order, with the normalisation undone.
 *
 * @param images at least one of them readable
 */
export async function thumbnailPixels(
  images: LabelledImages,
  recipe: AugmentationRecipe,
): Promise<SeenImages> {
  const { mean, std } = parseRecipe(recipe).normalize;
  const parts: Uint8Array[] = [];
  let side: readonly [number, number] = [0, 0];
  for await (const batch of images.batches()) {
    const [, height, width] = batch.images.shape;
    side = [height, width];
    const values = tf.tidy(() => {
      const colours = tf.add(tf.mul(batch.images, tf.tensor1d([...std])), tf.tensor1d([...mean]));
      return tf.clipByValue(tf.round(tf.mul(colours, 255)), 0, 255);
    });
    batch.images.dispose();
    parts.push(Uint8Array.from(await values.data()));
    values.dispose();
  }
  const pixels = new Uint8Array(Buffer.concat(parts));
  return { pixels, shape: [pixels.length / (side[0] * side[1] * 3), ...side, 3] };
}
