import { recipes, type AugmentationRecipe } from '@protocl/augment';

import type { AugmentationConfig } from '../config/sections/augmentation.js';

/** The augmentations that a configuration describes. */
export function recipeOf({ recipe, size, changes = {} }: AugmentationConfig): AugmentationRecipe {
  const given = Object.fromEntries(Object.entries(changes).filter(([, step]) => step !== undefined));
  return { ...recipes[recipe]({ size }), ...given };
}

/** The crops and flips of a recipe, without what it does to colours: what learning from labels looks at. */
export function cropsOnly({ randomResizedCrop, flip, normalize }: AugmentationRecipe): AugmentationRecipe {
  return { randomResizedCrop, ...(flip && { flip }), normalize };
}
