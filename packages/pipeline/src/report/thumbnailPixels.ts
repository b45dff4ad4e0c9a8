import { parseRecipe, type AugmentationRecipe } from '@protocl/augment';
import { tileImages, type ImagesShape } from '@protocl/report';
import type { PlainBatch } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

/** Images as an evaluation sees them, for people. */
export interface SeenImages {
  /** uint8 [n, h, w, 3], no larger than a report shows them. */
  readonly pixels: Uint8Array;
  readonly shape: ImagesShape;
  /** int32 [n]: which image each is of. */
  readonly indices: Int32Array;
}

/**
 * The images that an evaluation sees, in its order, with the normalisation undone.
 *
 * @param batches at least one image
 */
export async function thumbnailPixels(
  batches: AsyncIterable<PlainBatch>,
  recipe: AugmentationRecipe,
): Promise<SeenImages> {
  const { mean, std } = parseRecipe(recipe).normalize;
  const parts: Uint8Array[] = [];
  const indices: number[] = [];
  let side: readonly [number, number] = [0, 0];
  for await (const batch of batches) {
    const [count, height, width] = batch.images.shape;
    const values = tf.tidy(() => {
      const colours = tf.add(tf.mul(batch.images, tf.tensor1d([...std])), tf.tensor1d([...mean]));
      return tf.clipByValue(tf.round(tf.mul(colours, 255)), 0, 255);
    });
    batch.images.dispose();
    const pixels = Uint8Array.from(await values.data());
    values.dispose();
    // At once, so that no large images are held.
    const tiles = await tileImages(pixels, [count, height, width, 3]);
    side = [tiles.shape[1], tiles.shape[2]];
    parts.push(tiles.pixels);
    indices.push(...batch.indices);
  }
  const pixels = new Uint8Array(Buffer.concat(parts));
  return { pixels, shape: [indices.length, ...side, 3], indices: Int32Array.from(indices) };
}
