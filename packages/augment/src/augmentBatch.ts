import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import type * as tf from '@tensorflow/tfjs-core';

import { CHANNELS, requireCount, requireImages, requireIndices } from './checks.js';
import { cropResampling, type ImageResampling } from './cropResampling.js';
import { drawCropBox } from './draws/cropBox.js';
import { drawSample, type DrawOptions, type SampleDraws } from './draws/sampleDraws.js';
import { augmentError } from './errors.js';
import { parseRecipe, type AugmentationRecipe } from './recipe.js';
import { changeAppearance } from './tensors/appearance.js';
import { inChunks } from './tensors/inChunks.js';
import { toPlanes } from './tensors/layout.js';
import { resize } from './tensors/resize.js';

/** Which view of which samples is made. */
export interface AugmentOptions extends Omit<DrawOptions, 'view'> {
  /** The index of each image in the data set, [N]. */
  readonly indices: ArrayLike<number>;
  /**
   * 0 for the first view of an image, 1 for the second, and so on; or that of each image, [N], where one may come
   * several times.
   */
  readonly view: number | ArrayLike<number>;
}

const OPTIONS: OptionNames<AugmentOptions> = { seed: true, epoch: true, indices: true, view: true };

/** Views of one image that a caller may ask for; more are a mistake. */
const MOST_VIEWS = 2 ** 24;

/**
 * Makes one view of each image of a batch: a random part of it, resized, flipped, and changed as the
 * recipe says. Every image has draws of its own, which are a function of (seed, epoch, index, view)
 * and of the image's size: the rest of the batch does not matter.
 *
 * @param images [N, H, W, 3], int32 or float32 in 0 .. 255
 * @returns float32 [N, size, size, 3], normalised; the caller disposes it
 * @throws AugmentError `RECIPE_INVALID`, `INVALID_SHAPE`, `INVALID_OPTION`;
 *   ProtoclError `RANDOM_RANGE` for a seed, epoch or index that is out of range
 */
export function augmentBatch(
  images: tf.Tensor4D,
  recipe: AugmentationRecipe,
  options: AugmentOptions,
): tf.Tensor4D {
  requireKnownOptions('augmentBatch', options, OPTIONS);
  const { indices, view, ...stream } = options;
  const resolved = parseRecipe(recipe);
  requireImages(images);
  requireIndices(images, indices);
  const views = viewsOf(view, indices.length);
  const [, height, width] = images.shape;
  const { size } = resolved.randomResizedCrop;
  const draws: SampleDraws[] = [];
  const resamplings: ImageResampling[] = [];
  for (let i = 0; i < indices.length; i++) {
    const sample = drawSample(resolved, indices[i]!, { ...stream, view: views[i]! });
    const box = drawCropBox(sample.stream, height, width, resolved.randomResizedCrop);
    draws.push(sample.draws);
    resamplings.push(cropResampling(box, size, sample.draws.flip));
  }
  const valuesPerImage = CHANNELS * Math.max(height * width, size * size);
  return inChunks(images, valuesPerImage, (part, first) => {
    const end = first + part.shape[0];
    const planes = resize(part, resamplings.slice(first, end), size);
    return changeAppearance(planes, draws.slice(first, end), resolved);
  });
}

/**
 * The rest of a recipe for crops that `decodeCrops` has made, which are flipped already: with the
 * same options an image has the draws that {@link augmentBatch} has after its crop.
 *
 * @param crops [N, size, size, 3], int32 or float32 in 0 .. 255
 * @returns float32 [N, size, size, 3], normalised; the caller disposes it
 * @throws AugmentError `RECIPE_INVALID`, `INVALID_SHAPE`, `INVALID_OPTION`;
 *   ProtoclError `RANDOM_RANGE` for a seed, epoch or index that is out of range
 */
export function augmentCrops(
  crops: tf.Tensor4D,
  recipe: AugmentationRecipe,
  options: AugmentOptions,
): tf.Tensor4D {
  requireKnownOptions('augmentCrops', options, OPTIONS);
  const { indices, view, ...stream } = options;
  const resolved = parseRecipe(recipe);
  const { size } = resolved.randomResizedCrop;
  requireImages(crops, size);
  requireIndices(crops, indices);
  const views = viewsOf(view, indices.length);
  const draws = Array.from(
    indices,
    (index, i) => drawSample(resolved, index, { ...stream, view: views[i]! }).draws,
  );
  return inChunks(crops, CHANNELS * size * size, (part, first) =>
    changeAppearance(toPlanes(part), draws.slice(first, first + part.shape[0]), resolved),
  );
}

/** The view of each image. */
function viewsOf(view: number | ArrayLike<number>, count: number): ArrayLike<number> {
  const views = typeof view === 'number' ? new Array<number>(count).fill(view) : view;
  if (views.length !== count) {
    throw augmentError('INVALID_OPTION', {
      message: 'there is not one view for each image',
      given: `${views.length} views`,
      expected: `one number, or ${count}`,
    });
  }
  for (let i = 0; i < count; i++) requireCount('view', views[i]!, 0, MOST_VIEWS - 1);
  return views;
}
