import { recipes, type AugmentationRecipe } from '@protocl/augment';

import type { AugmentationConfig } from '../config/sections/augmentation.js';

/** The augmentations that a configuration describes. */
export function recipeOf({ recipe, size, changes = {} }: AugmentationConfig): AugmentationRecipe {
  const given = Object.fromEntries(Object.entries(changes).filter(([, step]) => step !== undefined));
  return { ...recipes[recipe]({ size }), ...given };
}
