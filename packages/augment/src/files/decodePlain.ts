import { requireKnownOptions } from '@protocl/core/options';

import { centreResampling } from '../cropResampling.js';
import { parseRecipe, type AugmentationRecipe } from '../recipe.js';
import { resampleImage } from '../resampling/resampleImage.js';
import { DECODE_OPTIONS, useImage, type DecodeOptions } from './decodeImage.js';
import type { ImageSource } from './readSource.js';

/**
 * Decodes an image for evaluation and the E-step: the shorter side resized to the recipe's
 * `plain.resize`, the centre cut out. `plainCrops` normalises batches of such images.
 *
 * @returns uint8 [size, size, 3]
 * @throws AugmentError `IMAGE_NOT_READABLE`, `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `RECIPE_INVALID`,
 *   `INVALID_OPTION`
 */
export async function decodePlain(
  source: ImageSource,
  recipe: AugmentationRecipe,
  options: DecodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireKnownOptions('decodePlain', options, DECODE_OPTIONS);
  const resolved = parseRecipe(recipe);
  return useImage(source, options, (image) =>
    resampleImage(image, centreResampling(image.height, image.width, resolved)),
  );
}
