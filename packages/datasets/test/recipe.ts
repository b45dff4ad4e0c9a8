import type { AugmentationRecipe } from '@protocl/augment';

/** Crops of 16 x 16 pixels. */
export const recipe: AugmentationRecipe = {
  randomResizedCrop: { size: 16, scale: [0.2, 1] },
  flip: { probability: 0.5 },
  normalize: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
};
