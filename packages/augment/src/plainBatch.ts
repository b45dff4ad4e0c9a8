import type * as tf from '@tensorflow/tfjs-core';

import { centreResampling } from './cropResampling.js';
import { CHANNELS, requireImages } from './checks.js';
import { parseRecipe, plainSize, type AugmentationRecipe } from './recipe.js';
import { inChunks } from './tensors/inChunks.js';
import { toNormalizedImages, toPlanes } from './tensors/layout.js';
import { resize } from './tensors/resize.js';

/**
 * What evaluation and the E-step see of a batch: nothing random. The shorter side is resized to the
 * recipe's `plain.resize`, the centre cut out and normalised. Images that have the size of the centre
 * already, such as those of `decodePlain`, are only normalised.
 *
 * @param images [N, H, W, 3], int32 or float32 in 0 .. 255
 * @returns float32 [N, size, size, 3]; the caller disposes it
 * @throws AugmentError `RECIPE_INVALID`, `INVALID_SHAPE`
 */
export function plainBatch(images: tf.Tensor4D, recipe: AugmentationRecipe): tf.Tensor4D {
  const resolved = parseRecipe(recipe);
  requireImages(images);
  const [, height, width] = images.shape;
  const size = plainSize(resolved);
  const isResized = height === size && width === size;
  const resampling = centreResampling(height, width, resolved);
  return inChunks(images, CHANNELS * Math.max(height * width, size * size), (part) => {
    const planes = isResized
      ? toPlanes(part)
      : resize(
          part,
          Array.from({ length: part.shape[0] }, () => resampling),
          size,
        );
    return toNormalizedImages(planes, resolved.normalize);
  });
}
