import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireCount } from '../checks.js';
import { cropResampling } from '../cropResampling.js';
import { drawCropBox } from '../draws/cropBox.js';
import { drawSample } from '../draws/sampleDraws.js';
import { parseRecipe, type AugmentationRecipe } from '../recipe.js';
import { resampleImage } from '../resampling/resampleImage.js';
import { DECODE_OPTIONS, useImage, type DecodeOptions } from './decodeImage.js';
import type { ImageSource } from './readSource.js';

/** Which crops of which sample are made. */
export interface DecodeCropsOptions extends DecodeOptions {
  /** The seed of the run. */
  readonly seed: number;
  readonly epoch: number;
  /** The index of the image in the data set. */
  readonly index: number;
  /** How many crops. */
  readonly views: number;
  /** The number of the first crop's view, from which on they are counted; 0 by default. */
  readonly firstView?: number;
}

const OPTIONS: OptionNames<DecodeCropsOptions> = {
  ...DECODE_OPTIONS,
  seed: true,
  epoch: true,
  index: true,
  views: true,
  firstView: true,
};

/** Crops at once; and the number of a view, which more than that is a mistake. */
const MOST_VIEWS = 1024;
const LAST_VIEW = 2 ** 24;

/**
 * Decodes an image once and takes a random crop of it for each view: cut out, resized and flipped, as
 * `augmentBatch` would. `augmentCrops` does the rest of the recipe on batches of such crops.
 *
 * @returns one uint8 [size, size, 3] for each view
 * @throws AugmentError `IMAGE_NOT_READABLE`, `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `RECIPE_INVALID`,
 *   `INVALID_OPTION`; ProtoclError `RANDOM_RANGE` for a seed, epoch or index that is out of range
 */
export async function decodeCrops(
  source: ImageSource,
  recipe: AugmentationRecipe,
  options: DecodeCropsOptions,
): Promise<{ readonly crops: Uint8Array<ArrayBuffer>[] }> {
  requireKnownOptions('decodeCrops', options, OPTIONS);
  const { seed, epoch, index, views, firstView = 0, ...decoding } = options;
  const resolved = parseRecipe(recipe);
  requireCount('views', views, 1, MOST_VIEWS);
  requireCount('firstView', firstView, 0, LAST_VIEW - views);
  const crops = await useImage(source, decoding, (image) =>
    Array.from({ length: views }, (_, crop) => {
      const { draws, stream } = drawSample(resolved, index, { seed, epoch, view: firstView + crop });
      const box = drawCropBox(stream, image.height, image.width, resolved.randomResizedCrop);
      return resampleImage(image, cropResampling(box, resolved.randomResizedCrop.size, draws.flip));
    }),
  );
  return { crops };
}
