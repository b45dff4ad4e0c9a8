import type { CropBox } from './draws/cropBox.js';
import { plainSize, type ResolvedRecipe } from './recipe.js';
import type { Resampling } from './resampling/resamplingTaps.js';

/** How each axis of one image is resized. */
export interface ImageResampling {
  readonly rows: Resampling;
  readonly columns: Resampling;
}

/** The resize of a part of an image to `size` x `size` pixels, with left and right exchanged where it is flipped. */
export function cropResampling(box: CropBox, size: number, isFlipped: boolean): ImageResampling {
  const whole = { resized: size, first: 0, wanted: size };
  return {
    rows: { start: box.top, length: box.height, ...whole, reversed: false },
    columns: { start: box.left, length: box.width, ...whole, reversed: isFlipped },
  };
}

/**
 * The resize of the shorter side and the centre crop after it, with the rounding of torchvision's
 * `Resize` and `CenterCrop`. Without `plain` in the recipe, the shorter side becomes `size`.
 *
 * @param height of the image in pixels
 * @param width of the image in pixels
 */
export function centreResampling(height: number, width: number, recipe: ResolvedRecipe): ImageResampling {
  const size = plainSize(recipe);
  const shorter = recipe.plain?.resize ?? size;
  const along = (length: number): Resampling => {
    const resized = Math.trunc((shorter * length) / Math.min(height, width));
    const first = roundHalfToEven((resized - size) / 2);
    return { start: 0, length, resized, first, wanted: size, reversed: false };
  };
  return { rows: along(height), columns: along(width) };
}

/** Python's `round`. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
