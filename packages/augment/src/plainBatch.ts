import type * as tf from '@tensorflow/tfjs-core';

import { centreResampling } from './cropResampling.js';
import { CHANNELS, requireImages } from './checks.js';
import { parseRecipe, plainSize, type AugmentationRecipe } from './recipe.js';
import { inChunks } from './tensors/inChunks.js';
import { toNormalizedImages, toPlanes } from './tensors/layout.js';
import { resize } from './tensors/resize.js';

/**
 * What evaluation and the E-step see of a batch: nothing random. The shorter side is resized to the
 * recipe's `plain.resize`, the centre cut out and normalised, whatever size the images have.
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
  const resampling = centreResampling(height, width, resolved);
  const { rows, columns } = resampling;
  if (height === size && width === size && rows.resized === size && columns.resized === size) {
    return plainCrops(images, recipe);
  }
  return inChunks(images, CHANNELS * Math.max(height * width, size * size), (part) => {
    const planes = resize(
      part,
      Array.from({ length: part.shape[0] }, () => resampling),
      size,
    );
    return toNormalizedImages(planes, resolved.normalize);
  });
}

/**
 * The rest of {@link plainBatch} for the centres that `decodePlain` has made: they are only normalised.
 *
 * @param crops [N, size, size, 3], int32 or float32 in 0 .. 255
 * @returns float32 [N, size, size, 3]; the caller disposes it
 * @throws AugmentError `RECIPE_INVALID`, `INVALID_SHAPE`
 */
export function plainCrops(crops: tf.Tensor4D, recipe: AugmentationRecipe): tf.Tensor4D {
  const resolved = parseRecipe(recipe);
  const size = plainSize(resolved);
  requireImages(crops, size);
  return inChunks(crops, CHANNELS * size * size, (part) =>
    toNormalizedImages(toPlanes(part), resolved.normalize),
  );
}
